//! Measures the lines of rendered frames for `models/training/burned_in_text/train.py`.
//!
//! Where the environment names them, it reads the file TEXT_FRAMES that its `render.py` wrote, and writes to
//! TEXT_MEASURES of each line its frame, the word it
//! covers most of (-1 for none), which share of the line lies on words, which share of that word the line hides,
//! and its measures, all as little-endian 32-bit numbers.

use super::boxes::{TextBox, overlap, pixels, widened};
use super::detector::MEASURES;
use super::find::{candidates, grown};
use super::line::Line;
use super::pyramid::Grey8;
use std::io::{BufReader, BufWriter, Read, Result, Write};

/// A word: the box around it and its ink as runs of a row, a first column and the one after the last.
struct Word {
    area: TextBox,
    ink: Vec<[u32; 3]>,
}

fn number(from: &mut impl Read) -> Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes).map(|()| u32::from_le_bytes(bytes))
}

fn word(from: &mut impl Read) -> Result<Word> {
    let mut bytes = vec![0; 6 * number(from)? as usize];
    from.read_exact(&mut bytes)?;
    let numbers: Vec<u32> =
        bytes.chunks_exact(2).map(|b| u32::from(u16::from_le_bytes([b[0], b[1]]))).collect();
    let ink: Vec<[u32; 3]> = numbers.chunks_exact(3).map(|r| [r[0], r[1], r[2]]).collect();
    let area = TextBox {
        x0: ink.iter().map(|r| r[1]).min().unwrap_or(0),
        y0: ink.iter().map(|r| r[0]).min().unwrap_or(0),
        x1: ink.iter().map(|r| r[2]).max().unwrap_or(0),
        y1: ink.iter().map(|r| r[0] + 1).max().unwrap_or(0),
    };
    Ok(Word { area, ink })
}

fn shared(a: &TextBox, b: &TextBox) -> u64 {
    let both = TextBox { x0: a.x0.max(b.x0), y0: a.y0.max(b.y0), x1: a.x1.min(b.x1), y1: a.y1.min(b.y1) };
    if overlap(a, b) { pixels(&both) } else { 0 }
}

/// The word, the share of the line on words, and the share of the ink of the word that it hides.
fn judged(line: &Line, frame: &Grey8<'_>, words: &[Word]) -> (i32, f32, f32) {
    let hidden = grown(line, frame);
    let (mut inside, mut best) = (0.0, (-1, 0.0));
    for (word, i) in words.iter().zip(0..) {
        let (w, h) = (word.area.x1 - word.area.x0, word.area.y1 - word.area.y0);
        let margin = 2 + w.min(h) / 6;
        let on = shared(&line.area, &widened(word.area, margin, margin));
        if on == 0 {
            continue;
        }
        inside += on as f32 / pixels(&line.area) as f32;
        let all: u32 = word.ink.iter().map(|r| r[2] - r[1]).sum();
        let rows = word.ink.iter().filter(|r| r[0] >= hidden.y0 && r[0] < hidden.y1);
        let ink: u32 = rows.map(|r| r[2].min(hidden.x1).saturating_sub(r[1].max(hidden.x0))).sum();
        let share = ink as f32 / all.max(1) as f32;
        if best.0 < 0 || share > best.1 {
            best = (i, share);
        }
    }
    (best.0, inside, best.1)
}

/// Of every line of the drawn frames of `frames`: its frame, its word and its measures to `out`.
fn measure(frames: &mut impl Read, out: &mut impl Write) -> Result<()> {
    for index in 0_u32.. {
        let Ok(rows) = number(frames) else { break };
        let (columns, count) = (number(frames)?, number(frames)?);
        let mut values = vec![0; (rows * columns) as usize];
        frames.read_exact(&mut values)?;
        let words = (0..count).map(|_| word(frames)).collect::<Result<Vec<Word>>>()?;
        let frame = Grey8 { rows, columns, values: &values };
        for line in candidates(&frame) {
            let (word, inside, covered) = judged(&line, &frame, &words);
            out.write_all(&index.to_le_bytes())?;
            out.write_all(&word.to_le_bytes())?;
            for v in [inside, covered].iter().chain(&line.measures) {
                out.write_all(&v.to_le_bytes())?;
            }
        }
    }
    out.flush()
}

#[test]
fn a_rendered_word_is_measured_and_what_training_asks_for_is_written() -> Result<()> {
    // Six bright strokes of two pixels, two apart and ten high, on a dark frame of 40 x 60.
    let (rows, columns) = (40_u32, 60_u32);
    let stroke = |x: u32| (20..44).contains(&x) && x % 4 < 2;
    let ink: Vec<[u32; 3]> =
        (15..25).flat_map(|y| (20..44).filter(|x| stroke(*x)).map(move |x| [y, x, x + 1])).collect();
    let mut values = vec![20_u8; (rows * columns) as usize];
    for [y, x, _] in &ink {
        values[(y * columns + x) as usize] = 240;
    }
    let mut rendered = Vec::new();
    for n in [rows, columns, 1] {
        rendered.extend(n.to_le_bytes());
    }
    rendered.extend(&values);
    rendered.extend((ink.len() as u32).to_le_bytes());
    rendered.extend(ink.iter().flatten().flat_map(|n| (*n as u16).to_le_bytes()));
    let mut out = Vec::new();
    measure(&mut &rendered[..], &mut out)?;
    let length = 4 * (4 + MEASURES);
    assert!(!out.is_empty() && out.len() % length == 0, "{} bytes", out.len());
    let float =
        |line: &[u8], at: usize| f32::from_le_bytes([line[at], line[at + 1], line[at + 2], line[at + 3]]);
    let on_word = |line: &[u8]| line[4..8] == [0; 4] && float(line, 8) > 0.9 && float(line, 12) > 0.9;
    assert!(out.chunks_exact(length).any(on_word), "a line lies on the word and hides it");
    if let (Some(frames), Some(to)) = (std::env::var_os("TEXT_FRAMES"), std::env::var_os("TEXT_MEASURES")) {
        let mut frames = BufReader::new(std::fs::File::open(frames)?);
        measure(&mut frames, &mut BufWriter::new(std::fs::File::create(to)?))?;
    }
    Ok(())
}
