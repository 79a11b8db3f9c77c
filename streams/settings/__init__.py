"""What evalstream can be told: one model, its names outside, and how it is read.

`Settings` is the model (`model.py`); `load_settings` reads options, variables and a TOML file into it (`load.py`).
"""

from .load import Loaded, load_settings
from .model import Settings

__all__ = ["Loaded", "Settings", "load_settings"]
