"""Where what is compiled lands: the codecs of _ext/*.pyx, which _backend.py chooses, and modules of _net."""
