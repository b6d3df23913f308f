"""Sentences of the reference model: templates from labels, the vocabulary, and reading a text back into labels."""

OPENING = "Draft by the reference model ."
KINDS = {"chest": "Frontal chest radiograph .", "head": "Axial slice of a head CT ."}
CHEST = {
    "opacity": "Opacity of the lung is suspected .",
    "effusion": "Pleural effusion is suspected .",
    "cardiomegaly": "An enlarged heart is suspected .",
    "pneumothorax": "Pneumothorax is suspected .",
}
HEAD = {"haemorrhage": "Intracranial haemorrhage is suspected ."}
PLACES = {
    "epidural": "It may be epidural .",
    "subdural": "It may be subdural .",
    "intraparenchymal": "It may be intraparenchymal .",
    "intraventricular": "It may be intraventricular .",
    "subarachnoid": "It may be subarachnoid .",
}
NOTHING = "This model raises no finding ."
CLOSING = "A physician must read the images ."
SENTENCES = {**CHEST, **HEAD, **PLACES}
ATTRIBUTES = ("head", *SENTENCES)
BANNED = ("clear", "normal", "negative", "ruled")


def compose(kind, present):
    """The text for a kind of image and the names of the findings present."""
    parts = [OPENING, KINDS[kind]]
    found = [sentence for name, sentence in SENTENCES.items() if name in present]
    return " ".join(parts + (found or [NOTHING]) + [CLOSING])


def vocabulary():
    """All tokens: padding, start, end, then the words of every template in order of appearance."""
    words = {}
    for text in (OPENING, *KINDS.values(), *SENTENCES.values(), NOTHING, CLOSING):
        for word in text.split():
            words.setdefault(word, None)
    if any(word.lower() in BANNED for word in words):
        raise SystemExit("a template uses a word that no result text may use")
    return ["<pad>", "<start>", "<end>", *words]


def join(words):
    """Words to text: a space between, except before a full stop or comma."""
    return " ".join(words).replace(" .", ".").replace(" ,", ",")


def found_in(text):
    """Names of the findings that a joined text mentions."""
    return {name for name, sentence in SENTENCES.items() if join(sentence.split()) in text}
