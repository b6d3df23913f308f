"""Writes goldens.json: small frames of two formulas, compressed by others; the test knows the formulas.

Run with pydicom 3.0.1, numpy, pylibjpeg-openjpeg 2.6.0 and DCMTK's tools:  python goldens.py > goldens.json
"""

import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from openjpeg.utils import encode_array
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian, RLELossless, generate_uid

ROWS, COLUMNS = 33, 42


def picture(bits, signed, samples):
    """A ramp with an edge; every bit of the range is used."""
    r, c, s = np.meshgrid(np.arange(ROWS), np.arange(COLUMNS), np.arange(samples), indexing="ij")
    top = 2**bits - 1
    values = (r * 37 + c * 11 + s * 91 + (c > 9) * (top // 3)) * max(1, top // 700) % (top + 1)
    values = values - (2 ** (bits - 1) if signed else 0)
    dtype = {(8, False): "<u1", (8, True): "<i1", (16, False): "<u2", (16, True): "<i2"}[(8 if bits <= 8 else 16, signed)]
    return values.astype(dtype).squeeze() if samples == 1 else values.astype(dtype)


def dataset(array, bits, signed):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    ds.Rows, ds.Columns = ROWS, COLUMNS
    ds.SamplesPerPixel = 3 if array.ndim == 3 else 1
    ds.PhotometricInterpretation = "RGB" if array.ndim == 3 else "MONOCHROME2"
    if array.ndim == 3:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = array.dtype.itemsize * 8
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, int(signed)
    ds.PixelData = array.tobytes() + b"\0" * (array.nbytes % 2)
    ds["PixelData"].VR = "OW"
    return ds


def case(name, ds, picture_name="ramp", lossy=0):
    frames = [bytes(f) for f in generate_frames(ds.PixelData, number_of_frames=1)]
    return {
        "name": name, "syntax": ds.file_meta.TransferSyntaxUID, "rows": ROWS, "columns": COLUMNS,
        "samples": ds.SamplesPerPixel, "photometric": ds.PhotometricInterpretation,
        "bits_allocated": ds.BitsAllocated, "bits_stored": ds.BitsStored, "signed": bool(ds.PixelRepresentation),
        "frame": frames[0].hex(), "picture": picture_name, "off_by": lossy,
    }


def dcmtk(tool, options, ds):
    with tempfile.TemporaryDirectory() as folder:
        a, b = Path(folder, "a.dcm"), Path(folder, "b.dcm")
        ds.save_as(a, enforce_file_format=True)
        subprocess.run([tool, *options, str(a), str(b)], check=True)
        return dcmread(b)


def main():
    cases = []
    for bits, signed, samples in ((8, False, 1), (12, False, 1), (16, True, 1), (8, False, 3)):
        array = picture(bits, signed, samples)
        label = f"{bits} bits{' signed' if signed else ''}{' colour' if samples == 3 else ''}"
        ds = dataset(array, bits, signed)
        ds.compress(RLELossless, generate_instance_uid=False)
        cases.append(case(f"RLE {label}", ds))
        ds = dcmtk("dcmcjpls", ["+el"], dataset(array, bits, signed))
        cases.append(case(f"JPEG-LS {label}", ds))
        if samples == 3:
            ds = dcmtk("dcmcjpls", ["+el", "+in"], dataset(array, bits, signed))
            cases.append(case(f"JPEG-LS {label}, a scan for each component", ds))
        ds = dcmtk("dcmcjpeg", ["+e1"], dataset(array, bits, signed))
        cases.append(case(f"JPEG lossless {label}", ds))
        ds = dataset(array, bits, signed)
        codestream = encode_array(array, bits_stored=bits, photometric_interpretation=1 if samples == 3 else 2)
        ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.90"
        ds.PixelData = encapsulate([codestream])
        cases.append(case(f"JPEG 2000 {label}", ds))
    smooth = np.add.outer(np.arange(ROWS) * 3, np.arange(COLUMNS) * 2).astype("<u1")
    ds = dcmtk("dcmcjpeg", ["+eb", "+q", "95"], dataset(smooth, 8, False))
    cases.append(case("JPEG baseline", ds, "smooth", 4))
    colour = np.stack([smooth, 255 - smooth, smooth // 2], axis=-1)
    ds = dcmtk("dcmcjpeg", ["+eb", "+q", "95", "+s4"], dataset(colour, 8, False))
    cases.append(case("JPEG baseline colour", ds, "smooth", 16))
    ds = dcmtk("dcmcjpeg", ["+eb", "+q", "95", "+cr"], dataset(colour, 8, False))
    frame = next(generate_frames(ds.PixelData, number_of_frames=1))
    for letter, plain in (("R", 1), ("G", 2), ("B", 3)):
        # The frame header has three bytes for a component, the scan header two.
        for start, step in ((frame.find(b"\xff\xc0") + 10, 3), (frame.find(b"\xff\xda") + 5, 2)):
            at = start + step * (plain - 1)
            assert frame[at : at + 1] in (letter.encode(), bytes([plain]), bytes([plain - 1]))
            frame = frame[:at] + bytes([plain]) + frame[at + 1 :]
    ds.PixelData = encapsulate([frame])
    cases.append(case("JPEG baseline of red, green and blue without a marker", ds, "smooth", 8))
    print(json.dumps(cases))


main()
