#!/usr/bin/python3
"""compare.py - measures mirnet and its peers in turn, and prints a table and JSON; started by run.sh

Every peer is one process that waits, stopped, until it is asked. A pair is one round over all that is to be measured,
ours and theirs alternating, and ratios are formed within a pair. doc/performance.md says what each figure means.
"""
# SPDX-License-Identifier: MIT
import argparse
import csv
import datetime
import gzip
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys

from common import STATE_HEAD, Build, Skipped, ask, median_state, say, short, state_columns
from parts import measure_parts, measure_savings

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RECIPES = "tasdelen2021,cnn-global-max,cnn-bilstm,lstm-stack,cnn-parallel"
THREADS, BATCHES = (1, 2), (1, 6, 32, 128)
TORCH, ORT = "PyTorch", "ONNX Runtime"
PEERS = {"all": (TORCH, ORT), "torch": (TORCH,), "none": ()}
EPOCHS = 10  # of training before anything is measured: how much of a network's values is zero depends on it
LARGEST_DIFFERENCE = 1e-4  # of two probabilities; beyond that it is another network


class Ours:
    """bench_model: a process of its own for each measurement."""

    def __init__(self, build, recipe, model, data):
        self.command = [build.bench, "-j", "-r", recipe, "-m", model]
        self.data = data

    def ask(self, request):
        batch = ["-b", str(request["batch"])] if request["batch"] else []
        return ask([*self.command, "-w", request["do"], "-t", str(request["threads"]), "-s", str(request["seconds"]),
                    *batch, self.data])


class Peer:
    """A process that answers a line of JSON with a line of JSON, and is stopped in between: its threads must not spin
    on a core while something else is measured."""

    def __init__(self, command, environment=None):
        try:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                            env=environment)
        except OSError as error:
            raise Skipped(f"{error}") from error
        try:
            self.name = self.read()["peer"]
        except Skipped:
            self.close()
            raise
        self.process.send_signal(signal.SIGSTOP)

    def read(self):
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "it has ended"}
        if "error" in answer:
            raise Skipped(answer["error"])
        return answer

    def ask(self, request):
        self.process.send_signal(signal.SIGCONT)
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            return self.read()
        except BrokenPipeError as error:
            raise Skipped("it has ended") from error
        finally:
            self.process.send_signal(signal.SIGSTOP)

    def close(self):
        self.process.kill()
        self.process.wait()


def read_rows(paths):
    """(name, sequence, class) of all records of CSV files with or without a header line."""
    rows = []
    for path in paths:
        with open(path, newline="", encoding="utf-8") as file:
            columns = [0, 1, 2]
            for row in csv.reader(file):
                if "sequence" in row:
                    columns = [row.index(name) for name in ("name", "sequence", "class")]
                elif row:
                    rows.append([row[c].strip() for c in columns])
    return rows


def prepare_data(build, paths):
    """The records in one file, in a random order that is always the same: any stretch of them stands for all."""
    if not paths:
        paths = [build.path("simulated.csv")]
        build.run("simulate", "-q", "-n", "562", "-s", "1", "-o", paths[0])
    rows = read_rows(paths)
    random.Random(1).shuffle(rows)
    data = build.path("data.csv")
    with open(data, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return data, len(rows)


def probabilities(path):
    """The columns of probabilities of a table that mirnet predict wrote."""
    with open(path, newline="", encoding="utf-8") as file:
        return [[float(p) for p in row[2:-1]] for row in csv.reader(file, delimiter="\t") if row[0][0] != "#"]


def largest_difference(ours, theirs):
    if len(ours) != len(theirs):
        raise Skipped(f"{len(theirs)} outputs for {len(ours)} records")
    return max(abs(a - b) for x, y in zip(ours, theirs) for a, b in zip(x, y, strict=True))


class Network:
    """One recipe: a model file trained for some epochs, and the peers that have its weights and give its outputs."""

    def __init__(self, build, name, data):
        self.build, self.name, self.data = build, os.path.basename(name).removesuffix(".json"), data
        example = os.path.join(ROOT, "examples", "recipes", name + ".json")
        self.recipe = example if os.path.exists(example) else name
        self.model = build.path(self.name + ".safetensors")
        build.run("train", "-q", "-e", str(EPOCHS), "-t", "2", "-r", self.recipe, "-o", self.model, data)
        build.run("predict", "-q", "-o", build.path("ours.tsv"), self.model, data)
        self.outputs = probabilities(build.path("ours.tsv"))
        self.ours = Ours(build, self.recipe, self.model, data)
        self.peers, self.about = {}, {}
        self.wrong = False

    def add(self, name, start):
        peer = None
        try:
            peer = start()
            difference = largest_difference(self.outputs, peer.ask({"do": "predict_all"})["output"])
            self.about[name] = {"version": peer.name, "largest_difference": difference}
            if not difference <= LARGEST_DIFFERENCE:
                self.wrong = True
                raise Skipped(f"its outputs differ by {difference:.1e}")
            say(f"  {peer.name}: the same network, outputs differ by at most {difference:.1e}")
            self.peers[name] = peer
        except Skipped as error:
            say(f"  {name} skipped: {error}")
            self.about.setdefault(name, {})["skipped"] = str(error)
            if peer:
                peer.close()

    def start_torch(self):
        return Peer([sys.executable, os.path.join(HERE, "peer_torch.py"), self.model, self.data])

    def start_ort(self):
        if TORCH not in self.peers:
            raise Skipped("no PyTorch to export the network")
        onnx = self.build.path(self.name + ".onnx")
        answer = self.peers[TORCH].ask({"do": "export", "path": onnx})
        return Peer(["node", os.path.join(HERE, "peer_ort.js"), onnx, *map(str, answer["shape"][1:]),
                     str(int(answer["by_length"]))], dict(os.environ, NODE_PATH=self.build.node_modules))

    def close(self):
        for peer in self.peers.values():
            peer.close()


def measure(network, do, key, threads, batch, seconds):
    """{who: value} of one request; a peer that fails is left out from here on."""
    request = {"do": do, "threads": threads, "batch": batch, "seconds": seconds}
    answer = network.ours.ask(request)
    values = {"mirnet": answer[key]}
    request["batch"] = answer["batch"]  # of the recipe, if none was given
    for name, peer in list(network.peers.items()):
        if do == "train" and name == ORT:
            continue
        try:
            values[name] = peer.ask(request)[key]
        except Skipped as error:
            say(f"  {name} skipped from here on: {error}")
            network.about[name]["skipped"] = str(error)
            network.peers.pop(name).close()
    return answer["batch"], values


def measure_pair(network, options):
    """One round: {"train" | "predict": (state of the machine, {(threads, batch): {who: value}})}."""
    pair = {}
    for do, key, batches in (("train", "ms_per_step", [options.batch]), ("predict", "per_second", BATCHES)):
        state, values = network.build.state(), {}
        for batch in batches:
            for threads in THREADS:
                batch_used, value = measure(network, do, key, threads, batch, options.window)
                values[threads, batch_used] = value
        pair[do] = state, values
    return pair


def best_of(values, who, do, threads, batch):
    """The best figure of a peer in one pair. Training: any number of threads. Prediction: at most as many threads as
    ours; one sequence at a time against one at a time, else any batch. Ours as it is."""
    if who == "mirnet":
        return values[threads, batch].get(who)
    rivals = [v[who] for (t, b), v in values.items()
              if who in v and (do == "train" or (t <= threads and (b == 1 or batch != 1)))]
    return (min if do == "train" else max)(rivals, default=None)


def summarize(pairs):
    """Figures of a network from its pairs."""
    figures = []
    for do in ("train", "predict"):
        state = median_state([pair[do][0] for pair in pairs])
        for threads, batch in pairs[0][do][1]:
            figure = {"what": do, "threads": threads, "batch": batch,
                      "unit": "ms/step" if do == "train" else "sequences/s", "values": {}, "median": {}, "ratios": {},
                      "ratio": {}, "as_ours": {}, "state": state, "states": [pair[do][0] for pair in pairs]}
            for who in ("mirnet", TORCH, ORT):
                values = [best_of(pair[do][1], who, do, threads, batch) for pair in pairs]
                if None not in values:
                    figure["values"][who], figure["median"][who] = values, statistics.median(values)
                    # With the threads and the batch of ours, whether that is their best or not.
                    figure["as_ours"][who] = [pair[do][1][threads, batch].get(who) for pair in pairs]
            for who in set(figure["values"]) - {"mirnet"}:
                both = zip(figure["values"]["mirnet"], figure["values"][who])
                ratios = [b / a if do == "train" else a / b for a, b in both]
                figure["ratios"][who], figure["ratio"][who] = ratios, statistics.median(ratios)
            figures.append(figure)
    return figures


def print_head(peers):
    names = "".join(f" {peer + ', its best':>33}" for peer in peers)
    ratios = "".join(f" {'':>9} {'ratio (from - to)':>23}" for _ in peers)
    say(f"\n{'':34} {'':>9}{names}  {STATE_HEAD[0].rstrip()}\n{'':34} {'mirnet':>9}{ratios}  {STATE_HEAD[1]}")


def print_figure(figure, peers):
    cells = ""
    for who in peers:
        ratios = figure["ratios"].get(who)
        text = f"{figure['ratio'][who]:.1f} ({min(ratios):.1f} - {max(ratios):.1f})" if ratios else ""
        cells += f" {short(figure['median'].get(who)):>9} {text:>23}"
    unit = figure["unit"].replace("sequences", "seq")
    label = f"{figure['what']}, {figure['threads']} thr, batch {figure['batch']}, {unit}"
    say(f"{label:34} {short(figure['median']['mirnet']):>9}{cells}  {state_columns(figure['state'])}")


def measure_pairs(network, options):
    pairs = []
    for i in range(options.pairs):
        pairs.append(measure_pair(network, options))
        if sys.stderr.isatty():
            print(f"  pair {i + 1} of {options.pairs}", end="\r", file=sys.stderr)
    return pairs


def compare_network(build, name, data, options):
    say(f"\n{name}")
    network = Network(build, name, data)
    peers = PEERS[options.peers]
    try:
        if TORCH in peers:
            network.add(TORCH, network.start_torch)
        if ORT in peers:
            network.add(ORT, network.start_ort)
        figures = summarize(measure_pairs(network, options))
    finally:
        network.close()
    print_head(peers)
    for figure in figures:
        print_figure(figure, peers)
    result = {"recipe": network.name, "peers": network.about, "agrees": not network.wrong, "figures": figures,
              "parts": measure_parts(build, network, data, options)}
    if options.passes:
        result["savings"] = measure_savings(build, network, data, options)
    return result


def make_fasta(build, count):
    """FASTA.gz of simulated hairpins; kept for the next time."""
    path = build.path(f"simulated-{count}.fa.gz")
    if not os.path.exists(path):
        table = build.path("simulated-many.csv")
        build.run("simulate", "-q", "-n", str((count + 1) // 2), "-s", "2", "-o", table)
        with open(table, encoding="utf-8") as rows, gzip.open(path + ".tmp", "wt", compresslevel=1) as out:
            written = 0
            for row in csv.reader(rows):
                if row[1] != "sequence" and written < count:
                    out.write(f">{row[0]}\n{row[1]}\n")
                    written += 1
        os.remove(table)
        os.rename(path + ".tmp", path)
    return path


def run_processes(build, data, count, options):
    """Whole runs of the program, from process start to end, with the paper's network."""
    model, out = build.path("process.safetensors"), build.path("process.out")
    train = ("train", "-q", "-e", "1", "-t", "2", "-r", "tasdelen2021", "-o", model, data)
    predict = ("predict", "-q", "-t", "2", "-o", out, model)
    jobs = [("train, one epoch", train, options.pairs, count),
            (f"predict, {count:,} records", (*predict, data), options.pairs, count)]
    if options.long:
        fasta = make_fasta(build, options.records)
        jobs += [(f"predict, {options.records:,} records, FASTA.gz", (*predict, fasta), 1, options.records),
                 (f"crossval, 5 folds x {options.epochs} epochs",
                  ("crossval", "-q", "-k", "5", "-e", str(options.epochs), "-t", "2", "-r", "tasdelen2021", "-o", out,
                   data), 1, None)]
    say(f"\n{'whole runs of mirnet -t 2, tasdelen2021':87}  {STATE_HEAD[0].rstrip()}\n"
        f"{'':38} {'seconds':>9} {'(from - to)':>17} {'records/s':>10} {'peak MiB':>9}  {STATE_HEAD[1]}")
    results = []
    for name, command, times, records in jobs:
        state = build.state()
        runs = [build.run(*command) for _ in range(times)]
        seconds, peak = statistics.median(r[0] for r in runs), max(r[1] for r in runs)
        spread = f"({min(r[0] for r in runs):.3f} - {max(r[0] for r in runs):.3f})" if times > 1 else ""
        rate = f"{records / seconds:,.0f}" if records else "-"
        say(f"{name:38} {seconds:9.3f} {spread:>17} {rate:>10} {peak:9.1f}  {state_columns(state)}")
        results.append({"what": name, "seconds": seconds, "values": [r[0] for r in runs], "records": records,
                        "peak_mib": peak, "state": state})
    return results


def describe_machine():
    cpu = platform.processor()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            cpu = next(line.split(":", 1)[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {"cpu": cpu, "cores": os.cpu_count(), "system": platform.platform()}


def read_options():
    parser = argparse.ArgumentParser(prog="run.sh", description="Compares mirnet with PyTorch and ONNX Runtime.")
    add = parser.add_argument
    add("data", nargs="*", metavar="DATA", help="CSV files of name,sequence,class; else 1,124 synthetic records")
    add("--build", required=True, help=argparse.SUPPRESS)
    add("--pairs", type=int, default=5, metavar="N", help="rounds, ours and theirs in turn (default 5)")
    add("--recipes", default=RECIPES, metavar="LIST",
        help=f"built-in names, names in examples/recipes, or files, with commas between them (default {RECIPES})")
    add("--json", metavar="FILE", help="where the JSON goes (default: results.json in the build folder)")
    add("--window", type=float, default=1, metavar="SECONDS", help="length of a measurement (default 1)")
    add("--batch", type=int, default=0, metavar="N", help="batch size of training (default: the recipe's)")
    add("--peers", choices=PEERS, default="all",
        help="who is measured beside mirnet (default all; ONNX Runtime gets its networks from PyTorch)")
    add("--passes", action="store_true", help="also what each saving gives, by doing without it")
    add("--long", action="store_true", help="also a cross-validation and a large file")
    add("--records", type=int, default=1_000_000, metavar="N", help="records of the large file (default 1,000,000)")
    add("--epochs", type=int, default=30, metavar="N", help="epochs of the cross-validation (default 30)")
    options = parser.parse_intermixed_args()
    if options.pairs < 1 or options.window < 0:
        parser.error("--pairs must be 1 or more, --window not negative")
    return options


def main():
    options = read_options()
    build = Build(options.build)
    data, count = prepare_data(build, options.data)
    version = subprocess.run([build.mirnet, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    report = {"date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"), "machine": describe_machine(),
              "mirnet": version, "data": options.data or "simulated", "records": count, "pairs": options.pairs,
              "window_seconds": options.window}
    say(f"{report['date']}  {report['machine']['cpu']}, {report['machine']['cores']} cores\n{version}\n"
        f"{count:,} records, {'simulated' if not options.data else 'from ' + ', '.join(options.data)}; "
        f"{options.pairs} pairs of {options.window:g} s a figure")
    report["networks"] = [compare_network(build, name, data, options) for name in options.recipes.split(",") if name]
    report["processes"] = run_processes(build, data, count, options)
    path = options.json or os.path.join(options.build, "results.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(report, file, indent=1)
        file.write("\n")
    say(f"\nJSON: {path}")
    return 0 if all(network["agrees"] for network in report["networks"]) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Skipped, OSError, subprocess.CalledProcessError) as problem:
        sys.exit(f"compare.py: {problem}")
