"""A ring of cells, split over MPI ranks: cell i excites cell i+1, and one spike circulates.

    pcluster run -np 2 -- nrniv -mpi -python examples/ring.py

The spike times, so the line "ring: ... sha ...", do not depend on the number of ranks.
"""
# SPDX-License-Identifier: MIT
import argparse
import hashlib
import os
import sys
os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")
from neuron import h  # noqa: E402

h.load_file("stdrun.hoc")
ap = argparse.ArgumentParser()
ap.add_argument("--cells", type=int, default=64)
ap.add_argument("--tstop", type=float, default=200.0)
args = ap.parse_args(sys.argv[sys.argv.index(__file__) + 1:] if __file__ in sys.argv else [])

pc = h.ParallelContext()
rank, nranks = int(pc.id()), int(pc.nhost())


class Cell:
    def __init__(self, gid):
        self.soma, self.dend = h.Section(name=f"soma{gid}"), h.Section(name=f"dend{gid}")
        self.dend.connect(self.soma(1))
        self.soma.L = self.soma.diam = 20
        self.dend.L, self.dend.diam, self.dend.nseg = 300, 2, 11
        self.soma.insert("hh")
        self.dend.insert("pas")
        self.syn = h.ExpSyn(self.dend(0.3))
        self.syn.tau = 2
        pc.set_gid2node(gid, rank)
        self.out = h.NetCon(self.soma(0.5)._ref_v, None, sec=self.soma)
        self.out.threshold = 0
        pc.cell(gid, self.out)


cells = {gid: Cell(gid) for gid in range(rank, args.cells, nranks)}
inputs = []
for gid, cell in cells.items():
    inputs.append(pc.gid_connect((gid - 1) % args.cells, cell.syn))
    inputs[-1].delay, inputs[-1].weight[0] = 1.0, 0.05
if 0 in cells:
    kick = h.IClamp(cells[0].soma(0.5))
    kick.delay, kick.dur, kick.amp = 1, 1, 2

times, gids = h.Vector(), h.Vector()
pc.spike_record(-1, times, gids)
pc.set_maxstep(10)
h.finitialize(-65)
pc.psolve(args.tstop)

spikes = sorted(s for part in pc.py_allgather(list(zip(times, map(int, gids)))) for s in part)
if rank == 0:
    text = "".join(f"{t:.6f} {g}\n" for t, g in spikes)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    print(f"ring: {args.cells} cells, {len(spikes)} spikes, sha {digest}", flush=True)
    print(f"ran on {nranks} ranks", file=sys.stderr)
pc.barrier()
pc.done()
h.quit()
