"""Print the recipe digest of every bundle, and whether its manifest carries it."""

import tomllib

import bundle
import chest_xray
import head_ct_haemorrhage
import reference

from burned_in_text import bundle_files

found = {
    name: bundle.recipe_digest(*recipe.OWN)
    for name, recipe in (("chest-xray", chest_xray), ("head-ct-haemorrhage", head_ct_haemorrhage), ("reference", reference))
}
found["burned-in-text"] = bundle_files.recipe_digest()
for name, digest in found.items():
    path = bundle.folder_of(name) / "bundle.toml"
    stated = tomllib.loads(path.read_text())["provenance"]["recipe_sha256"] if path.exists() else ""
    print(f"{name} {digest} {'as stated' if stated == digest else 'the recipe changed after the bundle was made'}")
