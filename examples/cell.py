"""One trial of a cell model: a soma with a dendrite under random synaptic input.  Seed = the trial.

    pcluster map --trials 0-19 -- python examples/cell.py {trial}

Prints the trial's spike count; under pcluster, it and the rate become columns of the results.
"""
# SPDX-License-Identifier: MIT
import argparse
import json
import os

os.environ.setdefault("NEURON_MODULE_OPTIONS", "-nogui")  # no word about a missing display
from neuron import h  # noqa: E402

h.load_file("stdrun.hoc")


def build_cell():
    soma, dend = h.Section(name="soma"), h.Section(name="dend")
    dend.connect(soma(1))
    soma.L = soma.diam = 20
    dend.L, dend.diam, dend.nseg = 300, 2, 11
    soma.insert("hh")
    dend.insert("pas")
    return soma, dend


def excite(section, seed, rate_hz):
    """Synapses along the section, each fed by its own random spike train."""
    kept = []
    for number, position in enumerate((0.1, 0.3, 0.5, 0.7, 0.9)):
        synapse = h.ExpSyn(section(position))
        synapse.tau = 2
        source = h.NetStim()
        source.interval, source.number, source.start, source.noise = 1000 / rate_hz, 1e9, 0, 1
        source.noiseFromRandom123(seed, number, 0)
        link = h.NetCon(source, synapse)
        link.delay, link.weight[0] = 1, 0.01
        kept += [synapse, source, link]
    return kept


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int)
    parser.add_argument("--tstop", type=float, default=1000.0, help="ms")
    parser.add_argument("--input-rate", type=float, default=40.0, help="Hz, of each synapse")
    args = parser.parse_args()

    soma, dend = build_cell()
    inputs = excite(dend, args.seed, args.input_rate)
    spikes, detector = h.Vector(), h.NetCon(soma(0.5)._ref_v, None, sec=soma)
    detector.threshold = 0
    detector.record(spikes)
    h.finitialize(-65)
    h.continuerun(args.tstop)

    count = len(spikes)
    result = {"spikes": count, "rate_hz": round(1000 * count / args.tstop, 2)}
    print(f"trial {args.seed}: {count} spikes from {len(inputs) // 3} synapses")
    if "PCLUSTER_RESULT" in os.environ:
        with open(os.environ["PCLUSTER_RESULT"], "w") as file:
            json.dump(result, file)


if __name__ == "__main__":
    main()
