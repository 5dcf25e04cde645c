"""Both papers' tables and figures, declared in files and remade by one command: `python -m studies`."""
