import sys
from pathlib import Path

# The examples' code has the names that it has in their images: containers.word_count, pipelines.word_count.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "examples"))
