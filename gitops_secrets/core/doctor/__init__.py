"""Why a pull or a decryption fails or will fail: one check a file, by what Git holds."""
