import sys; sys.argv=["faults.py"]
sys.path.insert(0,"benchmarks")
import faults, altered
from pathlib import Path
from tempfile import TemporaryDirectory
if __name__=="__main__":
    for k in ("manifest","copy of the manifest","network","snapshot","graph"): altered.FILES.pop(k)
    with TemporaryDirectory() as p:
        print("bad", faults.all_files(faults.Site(Path(p)),1))
