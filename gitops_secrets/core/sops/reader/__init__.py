"""Encrypted files read in this process: their values decrypted with a data key, and their MAC compared.

It says what ``sops decrypt`` would say of a file, or that it does not know. There is no encryptor here.
"""
