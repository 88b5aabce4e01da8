"""The codecs in pure Python: always there, and the text that says what the compiled ones do."""
