"""One training loop for all recipes: seeded by step, checkpointed, resumable, averaged weights."""

import json
import math
import pathlib
import time

import numpy as np
import torch


def rate_at(step, steps, peak):
    """Learning rate: short rise, then a cosine to nothing."""
    rise = max(1, steps // 20)
    if step < rise:
        return peak * (step + 1) / rise
    return peak * 0.5 * (1.0 + math.cos(math.pi * (step - rise) / max(1, steps - rise)))


def groups_of(net):
    """All weights; those that a network's `trunk` brought along learn at half the rate, so that they are not forgotten at once."""
    known = [weight for part in net.trunk() for weight in part.parameters() if weight.requires_grad] if hasattr(net, "trunk") else []
    held = {id(weight) for weight in known}
    return [{"params": [weight for weight in net.parameters() if weight.requires_grad and id(weight) not in held], "share": 1.0}, *([{"params": known, "share": 0.5}] if known else [])]


def run(net, batch_loss, steps, peak, seed, folder, note=None, every=200, average=0.998):
    """Train `net` for `steps`; returns the net with its averaged weights.

    `batch_loss(net, rng, step)` gives the loss of one batch drawn with `rng`, which depends only on seed and step,
    so that a resumed run sees the batches it would have seen. `note(net)` may return figures for the log.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    net = net.to(memory_format=torch.channels_last)
    net.train()
    optimiser = torch.optim.AdamW(groups_of(net), lr=peak, weight_decay=0.02)
    mean_net = {k: v.detach().clone() for k, v in net.state_dict().items()}
    start, path, log = 0, folder / "checkpoint.pt", folder / "log.jsonl"
    if path.exists():
        saved = torch.load(path, weights_only=False)
        net.load_state_dict(saved["net"])
        optimiser.load_state_dict(saved["optimiser"])
        mean_net, start = saved["mean"], saved["step"]
    losses, began = [], time.process_time()
    for step in range(start, steps):
        net.train()
        torch.manual_seed(seed * 1_000_003 + step)
        for group in optimiser.param_groups:
            group["lr"] = group["share"] * rate_at(step, steps, peak)
        # bfloat16 halves the time of a step of plain convolutions on the CPU; weights, sums and the exported model stay float32.
        with torch.autocast("cpu", torch.bfloat16, enabled=not hasattr(net, "trunk")):
            loss = batch_loss(net, np.random.default_rng([seed, step]), step)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([w for w in net.parameters() if w.requires_grad], 2.0)
        optimiser.step()
        losses.append(float(loss.detach()))
        blend = min(average, (step + 1) / (step + 10))
        for key, value in net.state_dict().items():
            if value.dtype.is_floating_point:
                mean_net[key].mul_(blend).add_(value.detach(), alpha=1.0 - blend)
            else:
                mean_net[key].copy_(value)
        if (step + 1) % every == 0 or step + 1 == steps:
            saved = {"net": net.state_dict(), "optimiser": optimiser.state_dict(), "mean": mean_net, "step": step + 1}
            torch.save(saved, path.with_suffix(".partial"))
            path.with_suffix(".partial").rename(path)
            line = {"step": step + 1, "loss": float(np.mean(losses)), "cpu_s": round(time.process_time() - began, 1)}
            if note and ((step + 1) % (every * 4) == 0 or step + 1 == steps):
                line.update(note(net))
            with log.open("a") as stream:
                stream.write(json.dumps(line) + "\n")
            losses = []
    net.load_state_dict(mean_net)
    return net.eval()


@torch.no_grad()
def logits_of(net, images, mean, std, size=64):
    """Logits [n, outputs] of uint8 images [n, rows, columns]."""
    net.eval()
    out = []
    for start in range(0, len(images), size):
        batch = torch.from_numpy(images[start:start + size].astype(np.float32) / 255.0)
        out.append(net((batch[:, None] - mean) / std).numpy())
    return np.concatenate(out)
