"""The input gate by distance: how far a study's pooled features lie from those of the films the bundle was calibrated on.

`gate.json` of a bundle: a few centres [k, d] with one shared whitening matrix [d, d] (lower triangle of the inverse
covariance's Cholesky factor, stored whole), and the limit. distance = min over k of |whiten^T (feature - centre_k)|.
A study's feature is the mean over its frames, as the other gate values are.
"""

import hashlib
import json

import numpy as np
from sklearn.covariance import ledoit_wolf

import measure

QUANTILE = 0.995


def statistics(features, groups):
    """Centres of the groups and the whitening matrix of the covariance around them, shrunk as Ledoit and Wolf do."""
    names = list(dict.fromkeys(groups))
    groups = np.asarray(groups)
    centres = np.stack([features[groups == name].mean(axis=0) for name in names])
    around = np.concatenate([features[groups == name] - centre for name, centre in zip(names, centres)])
    covariance = ledoit_wolf(around)[0] + 1e-6 * np.eye(features.shape[1])
    return {"centres": centres.astype(np.float32), "names": names, "whiten": np.linalg.cholesky(np.linalg.inv(covariance)).astype(np.float32)}


def distances(statistics_, features):
    """Distance of each feature vector from its nearest centre."""
    offsets = features[:, None, :] - statistics_["centres"][None]
    return np.sqrt((np.einsum("nkd,de->nke", offsets, statistics_["whiten"]) ** 2).sum(axis=2)).min(axis=1)


def write(path, statistics_, limit, calibrated_on, model_sha256):
    """`gate.json`: plain numbers, and the digest of the model they belong to."""
    table = {"format": 1, "tensor": "features", "model_sha256": model_sha256, "dimension": int(statistics_["centres"].shape[1]),
             "groups": statistics_["names"], "limit": round(float(limit), 6), "quantile": QUANTILE, "calibrated_on": int(calibrated_on),
             "centres": [[round(float(v), 6) for v in row] for row in statistics_["centres"]],
             "whiten": [[float(f"{v:.6g}") for v in row] for row in statistics_["whiten"]]}
    path.write_text(json.dumps(table) + "\n")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(path):
    """Statistics and limit of a written `gate.json`."""
    table = json.loads(path.read_text())
    return {"centres": np.array(table["centres"], dtype=np.float32), "names": table["groups"],
            "whiten": np.array(table["whiten"], dtype=np.float32)}, table["limit"]


def separation(inside, outside, limit):
    """AUC of the distance, and the share of the outside set that the limit stops."""
    truth = np.r_[np.zeros(len(inside)), np.ones(len(outside))]
    return measure.auc(truth, np.r_[inside, outside]), int((outside > limit).sum()), len(outside)
