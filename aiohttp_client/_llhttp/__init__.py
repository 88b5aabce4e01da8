"""The codecs over httptools (llhttp, the parser of Node.js), for whoever prefers it; the oracle of the parity tests."""
