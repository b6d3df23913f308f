"""Writes goldens.json: stored values and what pydicom shows for them, as grey's tests compare.

Run with pydicom 3.0.1 and numpy:  python goldens.py > goldens.json
"""

import json

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import apply_color_lut, apply_modality_lut, apply_voi_lut, convert_color_space
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian


def lut_item(first, bits, entries, signed):
    item = Dataset()
    vr = "SS" if signed else "US"
    item.add_new(0x00283002, vr, [len(entries), first, bits])
    item.add_new(0x00283006, "US", [int(e) for e in entries])
    return item


def dataset(bits_stored, signed, **rest):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.PixelRepresentation = int(signed)
    ds.BitsStored = bits_stored
    ds.BitsAllocated = 8 if bits_stored <= 8 else 16
    ds.HighBit = bits_stored - 1
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    for key, value in rest.items():
        setattr(ds, key, value)
    return ds


def window_case(name, stored, bits, signed, slope, intercept, center, width, function):
    ds = dataset(bits, signed, RescaleSlope=slope, RescaleIntercept=intercept)
    ds.WindowCenter, ds.WindowWidth, ds.VOILUTFunction = center, width, function
    units = apply_modality_lut(np.array(stored, dtype=np.int32), ds)
    shown = apply_voi_lut(units, ds)
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    low, high = low * slope + intercept, high * slope + intercept
    return {
        "name": name, "stored": stored, "bits": bits, "signed": signed, "slope": slope, "intercept": intercept,
        "function": function, "center": center, "width": width, "units": [float(u) for u in units],
        "shown": [float((v - low) / (high - low)) for v in shown],
    }


def main():
    cases = []
    ct = [0, 1, 500, 983, 984, 985, 1023, 1024, 1025, 1063, 1064, 1065, 1104, 2000, 4095]
    for function in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        cases.append(window_case("ct brain", ct, 12, False, 1.0, -1024.0, 40.0, 80.0, function))
        cases.append(window_case("narrow", ct, 12, False, 1.0, -1024.0, 0.0, 2.0, function))
        cases.append(window_case("signed", [-2048, -1000, -1, 0, 39, 40, 41, 80, 2047], 12, True, 1.0, 0.0, 40.0, 400.0, function))
        cases.append(window_case("sloped", [0, 7, 64, 100, 128, 200, 255], 8, False, 0.25, 3.5, 30.0, 41.5, function))
        cases.append(window_case("sixteen", [0, 1, 32767, 32768, 40000, 65535], 16, False, 1.0, 0.0, 32768.0, 20000.0, function))
    ds = dataset(8, False)
    entries = [min(65535, i * i) for i in range(200)]
    ds.ModalityLUTSequence = Sequence([lut_item(20, 16, entries, False)])
    stored = [0, 19, 20, 21, 100, 218, 219, 220, 255]
    units = apply_modality_lut(np.array(stored, dtype=np.uint8), ds)
    modality = {"stored": stored, "first": 20, "entries": entries, "units": [float(u) for u in units]}
    ds = dataset(12, True)
    entries = [min(4095, 3 * i) for i in range(1000)]
    ds.VOILUTSequence = Sequence([lut_item(-100, 12, entries, True)])
    stored = [-2048, -101, -100, -99, 0, 500, 898, 899, 900, 2047]
    shown = apply_voi_lut(np.array(stored, dtype=np.int16), ds)
    voi = {"stored": stored, "first": -100, "bits": 12, "entries": entries, "shown": [float(v) / 4095 for v in shown]}
    ds = dataset(8, False)
    tables = {c: [int(v) for v in (np.arange(256) * k % 65536)] for c, k in (("Red", 256), ("Green", 101), ("Blue", 17))}
    for colour, values in tables.items():
        setattr(ds, f"{colour}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"{colour}PaletteColorLookupTableData", np.array(values, dtype="<u2").tobytes())
    stored = [0, 1, 17, 128, 200, 255]
    rgb = apply_color_lut(np.array(stored, dtype=np.uint8), ds)
    luma = (rgb.astype(float) @ np.array([0.299, 0.587, 0.114])) / 65535
    palette = {"stored": stored, "tables": tables, "shown": [float(v) for v in luma]}
    ybr = np.array([[[16, 128, 128], [200, 100, 150], [77, 128, 128]]], dtype=np.uint8)
    grey = convert_color_space(ybr, "YBR_FULL", "RGB").astype(float) @ np.array([0.299, 0.587, 0.114]) / 255
    colour = {"ybr": [int(v) for v in ybr.ravel()], "shown": [float(v) for v in grey.ravel()]}
    print(json.dumps({"windows": cases, "modality": modality, "voi": voi, "palette": palette, "colour": colour}))


main()
