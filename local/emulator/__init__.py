"""ministack, and the one package that touches its private names.

ministack (https://github.com/ministackorg/ministack) publishes a server, not a library. What Sluice adds to
it (a real AWS Batch, messages that would be mailed, credentials for jobs) hangs on the names that are used
here and nowhere else; tests/local/emulator/test_emulator.py fails by name when one of them moves.

| part | what it is |
| --- | --- |
| `services` | how anything is hung on ministack |
| `access`, `events`, `functions`, `logs`, `secrets` | what the rest of the local cloud asks of ministack |
| `additions/` | what ministack lacks |
| `patches/` | what ministack has, and does otherwise than AWS: mended |

Import its modules only in a process whose environment comes from `local.environment`: ministack reads it when
it is imported.
"""
