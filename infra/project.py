"""Where the project is, and the name of its local stage."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
LOCAL = "local"  # the stage on the emulator; other stages run on AWS
