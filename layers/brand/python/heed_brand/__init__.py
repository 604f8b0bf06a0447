"""The brand: configuration and texts, read with importlib.resources. No code lives here."""
