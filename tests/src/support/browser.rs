//! A browser without a window: opens pages, waits for what they show, presses, drags, draws them, and keeps what they asked for.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chromiumoxide::browser::{Browser as Chromium, BrowserConfig};
use chromiumoxide::cdp::browser_protocol::emulation::SetDeviceMetricsOverrideParams;
use chromiumoxide::cdp::browser_protocol::input::{
    DispatchMouseEventParams, DispatchMouseEventType, MouseButton,
};
use chromiumoxide::cdp::browser_protocol::network::EventRequestWillBeSent;
use chromiumoxide::cdp::browser_protocol::page::CaptureScreenshotFormat;
use chromiumoxide::page::ScreenshotParams;
use futures::StreamExt as _;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

use crate::{Error, Result};

/// Longest wait for something to be seen.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often a page is asked.
const LOOK: Duration = Duration::from_millis(50);

fn broke(error: impl std::fmt::Display) -> Error {
    Error::other(format!("browser: {error}"))
}

/// Chromium, ended on drop.
#[derive(Debug)]
pub struct Browser {
    runtime: Arc<Runtime>,
    chromium: Chromium,
}

/// One open page.
#[derive(Debug)]
pub struct Tab {
    runtime: Arc<Runtime>,
    page: chromiumoxide::Page,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Browser {
    /// Starts Debian's Chromium with its profile under `folder`.
    ///
    /// # Errors
    /// When it is not installed (package chromium) or does not start.
    pub fn start(folder: &Path) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .map_err(Error::io("a runtime"))?;
        let config = BrowserConfig::builder()
            .user_data_dir(folder.join("profile"))
            .viewport(None)
            .arg("--disable-dev-shm-usage")
            .arg("--hide-scrollbars");
        // Its own sandbox does not work for root, as in a container.
        let config = if rustix::process::geteuid().is_root() { config.no_sandbox() } else { config };
        let config = config.build().map_err(broke)?;
        let (chromium, mut events) = runtime.block_on(Chromium::launch(config)).map_err(broke)?;
        runtime.spawn(async move { while events.next().await.is_some() {} });
        Ok(Self { runtime: Arc::new(runtime), chromium })
    }

    /// Opens a page of `width` times `height` pixels at `address`.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn open(&self, address: &str, (width, height): (u32, u32)) -> Result<Tab> {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&asked);
        let page = self.runtime.block_on(async {
            // Listens before anything is asked for.
            let page = self.chromium.new_page("about:blank").await.map_err(broke)?;
            let mut requests = page.event_listener::<EventRequestWillBeSent>().await.map_err(broke)?;
            tokio::spawn(async move {
                while let Some(event) = requests.next().await {
                    heard.lock().unwrap_or_else(PoisonError::into_inner).push(event.request.url.clone());
                }
            });
            Ok::<_, Error>(page)
        })?;
        let tab = Tab { runtime: Arc::clone(&self.runtime), page, asked };
        tab.resize((width, height))?;
        tab.go(address)?;
        Ok(tab)
    }

    /// Ends it in order.
    ///
    /// # Errors
    /// When it does not answer.
    pub fn stop(mut self) -> Result<()> {
        self.runtime.block_on(self.chromium.close()).map(drop).map_err(broke)
    }
}

impl Tab {
    /// Goes to another address, in front of the other pages: one behind them is not drawn.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn go(&self, address: &str) -> Result<()> {
        self.runtime.block_on(async {
            self.page.bring_to_front().await.map_err(broke)?;
            self.page.goto(address).await.map(drop).map_err(broke)
        })
    }

    /// Gives the page another size in pixels.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn resize(&self, (width, height): (u32, u32)) -> Result<()> {
        let size = SetDeviceMetricsOverrideParams::new(i64::from(width), i64::from(height), 1.0, false);
        self.runtime.block_on(self.page.execute(size)).map(drop).map_err(broke)
    }

    /// What the page answers, once it stands still enough to be asked.
    ///
    /// # Errors
    /// When it does not within a minute.
    pub fn said<T: DeserializeOwned>(&self, expression: &str) -> Result<T> {
        self.runtime.block_on(async {
            let look = async {
                let mut again = tokio::time::interval(LOOK);
                loop {
                    again.tick().await;
                    // In the middle of a navigation there is nothing to ask.
                    let said = self.page.evaluate_expression(expression).await;
                    if let Some(value) = said.ok().and_then(|value| value.into_value::<T>().ok()) {
                        return value;
                    }
                }
            };
            tokio::time::timeout(PATIENCE, look).await.map_err(|_| Error::Late {
                what: format!("an answer to {expression}"),
                seconds: PATIENCE.as_secs(),
            })
        })
    }

    /// Asks the page until the expression is true.
    ///
    /// # Errors
    /// When it is not within a minute; says what the page showed instead.
    pub fn until(&self, what: &str, expression: &str) -> Result<()> {
        let true_now = super::until(what, PATIENCE, || Ok(self.said::<bool>(expression)?.then_some(())));
        true_now.map_err(|error| {
            let text = self.said::<String>("document.body.innerText").unwrap_or_default();
            Error::other(format!("{error}; the page says: {text}"))
        })
    }

    /// Clicks as soon as the element is there: looked up and clicked in one breath, so that no navigation comes
    /// between, and after the answer is given, so that a navigation that follows cannot swallow it.
    ///
    /// # Errors
    /// When it does not appear.
    pub fn press(&self, selector: &str) -> Result<()> {
        let click = format!(
            "(() => {{ const found = document.querySelector({selector:?}); \
             if (!found) return false; setTimeout(() => found.click()); return true; }})()"
        );
        self.until(selector, &click)
    }

    /// Drags with the left button from the middle of an element, `(right, down)` pixels.
    ///
    /// # Errors
    /// When it is not there.
    pub fn drag(&self, selector: &str, (right, down): (f64, f64)) -> Result<()> {
        let middle = format!(
            "(() => {{ const r = document.querySelector({selector:?}).getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        );
        let (x, y): (f64, f64) = self.said(&middle)?;
        let event = |kind: DispatchMouseEventType, x: f64, y: f64, buttons: i64| {
            let mut event = DispatchMouseEventParams::new(kind, x, y);
            (event.button, event.buttons) = (Some(MouseButton::Left), Some(buttons));
            event.click_count = Some(1);
            event
        };
        let (half, whole) = ((x + right / 2.0, y + down / 2.0), (x + right, y + down));
        let moves = [
            event(DispatchMouseEventType::MouseMoved, x, y, 0),
            event(DispatchMouseEventType::MousePressed, x, y, 1),
            event(DispatchMouseEventType::MouseMoved, half.0, half.1, 1),
            event(DispatchMouseEventType::MouseMoved, whole.0, whole.1, 1),
            event(DispatchMouseEventType::MouseReleased, whole.0, whole.1, 0),
        ];
        for step in moves {
            self.runtime.block_on(self.page.execute(step)).map_err(broke)?;
        }
        Ok(())
    }

    /// Presses a key as the document hears it.
    ///
    /// # Errors
    /// When the browser does not answer.
    pub fn key(&self, key: &str) -> Result<()> {
        let press = format!(
            "(document.activeElement ?? document.body).dispatchEvent(\
             new KeyboardEvent('keydown', {{ key: {key:?}, bubbles: true, cancelable: true }})) !== null"
        );
        self.said::<bool>(&press).map(drop)
    }

    /// Presses Enter in an element as a hand does: the form that it belongs to may be sent by it.
    ///
    /// # Errors
    /// When it does not appear.
    pub fn enter(&self, selector: &str) -> Result<()> {
        self.until(selector, &format!("document.querySelector({selector:?}) !== null"))?;
        self.runtime.block_on(async {
            let element = self.page.find_element(selector).await.map_err(broke)?;
            element.focus().await.map_err(broke)?;
            element.press_key("Enter").await.map(drop).map_err(broke)
        })
    }

    /// Every address that was asked for since the page was opened.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is seen, as PNG in `file`. Chromium's own `--screenshot` would wait for the stream of events to end.
    ///
    /// # Errors
    /// When it cannot be drawn or written.
    pub fn draw(&self, file: &Path) -> Result<()> {
        let how = ScreenshotParams::builder().format(CaptureScreenshotFormat::Png).build();
        let png = self.runtime.block_on(self.page.screenshot(how)).map_err(broke)?;
        std::fs::write(file, png).map_err(Error::io("a picture"))
    }
}
