"""Print the recipe digest of every bundle, and whether its manifest carries it."""

import tomllib

import bundle
import chest_xray
import head_ct_haemorrhage
import reference

for name, recipe in (("chest-xray", chest_xray), ("head-ct-haemorrhage", head_ct_haemorrhage), ("reference", reference)):
    found = bundle.recipe_digest(*recipe.OWN)
    path = bundle.folder_of(name) / "bundle.toml"
    stated = tomllib.loads(path.read_text())["provenance"]["recipe_sha256"] if path.exists() else ""
    print(f"{name} {found} {'as stated' if stated == found else 'the recipe changed after the bundle was made'}")
