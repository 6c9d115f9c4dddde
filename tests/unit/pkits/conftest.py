import sys
from pathlib import Path

# Test folders are not packages; the helpers beside this file are imported by their name.
sys.path.insert(0, str(Path(__file__).parent))
