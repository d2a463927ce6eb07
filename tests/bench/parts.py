"""parts.py - where the time goes: layer by layer, beside the machine's peak, and what each saving gives

All by bench_parts, which does not count what it does before its window. Views of one round are measured one behind the
other, and a saving's on and off in turn: ratios are formed within a round.
"""
# SPDX-License-Identifier: MIT
import statistics

from common import STATE_HEAD, ask, median_state, say, short, state_columns

# (heading, options, the kinds of time that there are)
VIEWS = (("train, 1 thr", ("-t", "1"), ("prepare_us", "forward_us", "backward_us")),
         ("train, 2 thr", ("-t", "2"), ("prepare_us", "forward_us", "backward_us")),
         ("predict, 1 thr", ("-p",), ("forward_us",)),
         ("predict, no tables", ("-p", "-x", "rows"), ("forward_us",)))
KINDS = {"prepare_us": "packing", "forward_us": "forward", "backward_us": "backward"}
SAVINGS = {"train": ("blank", "one_hot", "dead_taps", "one_step", "at_once", "zeros", "late", "all"),
           "predict": ("blank", "tail", "rows", "one_hot", "dead_taps", "one_step", "zeros", "all")}
CELL = 10


def bench(build, network, data, options, *more):
    batch = ["-b", str(options.batch)] if options.batch and "-p" not in more else []
    return ask([build.parts, "-j", "-r", network.recipe, "-m", network.model, "-s", str(options.window), *batch, *more, data])


def median_of(rounds, find):
    return statistics.median(find(answer) for answer in rounds)


def median_parts(rounds):
    """One answer of bench_parts from several."""
    answer = {key: rounds[0][key] for key in ("what", "threads", "batch")}
    for key in ("us", "rest_us", "mflop", "gflops", "peak_gflops", "fraction"):
        answer[key] = median_of(rounds, lambda a, key=key: a[key])
    answer["fractions"] = [a["fraction"] for a in rounds]
    answer["parts"] = []
    for i, part in enumerate(rounds[0]["parts"]):
        times = {kind: median_of(rounds, lambda a, i=i, kind=kind: a["parts"][i][kind]) for kind in KINDS}
        answer["parts"].append({"name": part["name"], **times})
    return answer


def print_parts(views):
    """A line a layer; of a layer that a view does not have, because another one does its work, no figure."""
    names = []
    for view in views:
        names += [part["name"] for part in view["parts"] if part["name"] not in names]
    names.sort(key=[part["name"] for part in views[0]["parts"]].index)
    heads = [f"{title:>{CELL * len(kinds)}}" for title, _, kinds in VIEWS]
    widths = [max(len(head), CELL * len(kinds)) for head, (_, _, kinds) in zip(heads, VIEWS)]

    def line(label, cells):
        say((f"{label:24}" + "  ".join(f"{cell:>{width}}" for cell, width in zip(cells, widths))).rstrip())

    line("us a step, a sequence", heads)
    line("", ["".join(f"{KINDS[kind]:>{CELL}}" for kind in kinds) for _, _, kinds in VIEWS])
    for name in names:
        cells = []
        for view, (_, _, kinds) in zip(views, VIEWS):
            part = next((p for p in view["parts"] if p["name"] == name), None)
            cells.append("".join(f"{part[kind]:{CELL}.1f}" for kind in kinds) if part else "")
        line(name, cells)
    line("all the rest", [f"{view['rest_us']:.1f}" for view in views])
    line("all", [f"{view['us']:.1f}" for view in views])


def print_fractions(views, state):
    say(f"\n{'arithmetic of the products':26} {'MFLOP':>9} {'GFLOP/s':>9} {'large product':>14} {'% (from - to)':>17}  "
        f"{STATE_HEAD[0].rstrip()}\n{'':79}  {STATE_HEAD[1]}")
    for (title, _, _), view in zip(VIEWS, views):
        percent = [100 * fraction for fraction in view["fractions"]]
        spread = f"{100 * view['fraction']:.0f} ({min(percent):.0f} - {max(percent):.0f})"
        say(f"{title:26} {view['mflop']:9.4g} {view['gflops']:9.1f} {view['peak_gflops']:14.1f} {spread:>17}  "
            f"{state_columns(state)}")


def measure_parts(build, network, data, options):
    """Time by layer, and the products' part of the peak."""
    states, rounds = [], []
    for _ in range(options.pairs):
        states.append(build.state())
        rounds.append([bench(build, network, data, options, *arguments) for _, arguments, _ in VIEWS])
    views = [median_parts(column) for column in zip(*rounds)]
    state = median_state(states)
    say()
    print_parts(views)
    print_fractions(views, state)
    for (title, _, _), view in zip(VIEWS, views):
        view["view"] = title
    return {"views": views, "state": state, "states": states}


def measure_saving(build, network, data, options, what, saving):
    """One saving on and off in turn, one thread."""
    how = ["-p"] if what == "predict" else []
    states, on, off = [], [], []
    for _ in range(options.pairs):
        states.append(build.state())
        on.append(bench(build, network, data, options, *how))
        off.append(bench(build, network, data, options, *how, "-x", saving))
    ratios = [b["us"] / a["us"] for a, b in zip(on, off)]
    return {"what": what, "saving": saving, "on_us": [a["us"] for a in on], "off_us": [b["us"] for b in off],
            "on_mflop": on[0]["mflop"], "off_mflop": off[0]["mflop"], "ratios": ratios,
            "ratio": statistics.median(ratios), "state": median_state(states), "states": states}


def measure_savings(build, network, data, options):
    """What each saving gives."""
    say(f"\n{'us, and MFLOP of products':25} {'all on':>9} {'':>8} {'off':>9} {'':>8} {'off / on (from - to)':>22}  "
        f"{STATE_HEAD[0].rstrip()}\n{'':86}  {STATE_HEAD[1]}")
    results = []
    for what, savings in SAVINGS.items():
        for saving in savings:
            result = measure_saving(build, network, data, options, what, saving)
            ratios = result["ratios"]
            spread = f"{result['ratio']:.2f} ({min(ratios):.2f} - {max(ratios):.2f})"
            say(f"{what + ' without ' + saving:25} {short(statistics.median(result['on_us'])):>9} "
                f"{result['on_mflop']:8.3g} {short(statistics.median(result['off_us'])):>9} "
                f"{result['off_mflop']:8.3g} {spread:>22}  {state_columns(result['state'])}")
            results.append(result)
    return results
