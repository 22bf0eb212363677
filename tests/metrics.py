#!/usr/bin/python3
"""The figures of --metrics, read by the Prometheus project's own parser and by a strict one of our
own, against the JSON summary of the same run.

   metrics.py PROGRAM CAPTURE...
"""
import json
import os
import re
import subprocess
import sys
import tempfile

from prometheus_client.parser import text_string_to_metric_families

NAME = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*')
SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([0-9]+(?:\.[0-9]+)?)')
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)')


def unescape(text):
    return re.sub(r'\\(.)', lambda m: '\n' if m.group(1) == 'n' else m.group(1), text)


def parse(text):
    """Samples by (name, labels), strictly: HELP, TYPE, then all of a family, each series once."""
    samples, kinds, family, described = {}, {}, None, set()
    assert text.endswith('\n')
    for line in text[:-1].split('\n'):
        if line.startswith('# HELP '):
            family = line.split(' ', 3)[2]
            assert NAME.fullmatch(family), line
            assert family not in described, 'twice: ' + line
            described.add(family)
            continue
        if line.startswith('# TYPE '):
            _, _, name, kind = line.split(' ')
            assert name == family and name not in kinds, line
            assert kind in ('counter', 'gauge', 'histogram'), line
            kinds[name] = kind
            continue
        got = SAMPLE.fullmatch(line)
        assert got, 'no sample: ' + line
        name, labels, value = got.groups()
        kind = kinds[family]
        if kind == 'histogram':
            assert name in (family + '_bucket', family + '_sum', family + '_count'), line
        else:
            assert name == family, line
        assert (kind == 'counter') <= name.endswith('_total'), line
        pairs, at = [], 0
        while labels and at < len(labels):
            one = LABEL.match(labels, at)
            assert one, 'bad labels: ' + line
            pairs.append((one.group(1), unescape(one.group(2))))
            at = one.end()
        key = (name, tuple(sorted(pairs)))
        assert key not in samples, 'twice: ' + line
        samples[key] = float(value)
    assert set(kinds) == described
    return samples


def by_prometheus(text):
    return {(s.name, tuple(sorted(s.labels.items()))): s.value
            for f in text_string_to_metric_families(text) for s in f.samples}


def run(program, captures, options):
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        prom, doc = os.path.join(work, 'm.prom'), os.path.join(work, 's.json')
        args = [program, '-q', '-o', 'json', '-O', doc, '--metrics', prom, *options]
        for capture in captures:
            args += ['-r', capture]
        subprocess.run(args, check=True)
        assert sorted(os.listdir(work)) == ['m.prom', 's.json']
        with open(prom, encoding='utf-8', newline='') as a, open(doc, encoding='utf-8') as b:
            return a.read(), json.load(b)


def compare(samples, doc, captures):
    def of(name, /, **labels):
        return samples[('await100_' + name, tuple(sorted(labels.items())))]

    def all_of(name):
        return {k[1]: v for k, v in samples.items() if k[0] == 'await100_' + name}

    for i, capture in enumerate(captures):
        assert of('input_info', input=str(i + 1), name=capture) == 1
    data, conns, exchanges = doc['input'], doc['connections'], doc['exchanges']
    pairs = [
        ('packets_total', data['packets']), ('bytes_total', data['bytes']),
        ('segments_total', data['segments']),
        ('packets_filtered_total', data['filtered']),
        ('packets_truncated_total', data['truncated']),
        ('connections_total', conns['seen']), ('connections_evicted_total', conns['evicted']),
        ('gaps_total', conns['gaps']), ('retransmissions_total', conns['retransmissions']),
        ('no_memory_total', conns['no_memory']), ('exchanges_total', exchanges['all']),
        ('expectation_exchanges_total', exchanges['expectation']),
        ('failing_exchanges_total', exchanges['failing']),
    ]
    for name, value in pairs:
        assert of(name) == value, (name, of(name), value)
    for kind, key in (('http', 'http'), ('tls', 'tls_opaque'), ('http2', 'http2_opaque'),
                      ('other', 'not_http'), ('empty', 'empty')):
        assert of('connections_by_kind_total', kind=kind) == conns[key], kind
    assert sum(all_of('packets_dropped_total').values()) == data['dropped']
    not_followed = {k[0][1]: v for k, v in all_of('packets_not_followed_total').items() if v}
    assert not_followed == {k: v for k, v in data['not_followed'].items() if k != 'none'}

    causes = {(('cause', c['cause']), ('severity', c['severity'])): c for c in doc['causes']}
    for name, key, unit in (('verdicts_total', 'count', 1), ('wasted_bytes_total', 'wasted_bytes', 1),
                            ('stall_seconds_total', 'stall_ms', 1000)):
        seen = all_of(name)
        assert set(causes) <= set(seen), name
        for labels, value in seen.items():
            want = causes[labels][key] / unit if labels in causes else 0
            assert abs(value - want) <= 1e-9 * max(1, want), (name, labels, value, want)
    failing = sum(v for k, v in all_of('verdicts_total').items()
                  if dict(k)['severity'] in ('warning', 'error'))
    assert failing == exchanges['failing']

    per_octave = doc['histogram_buckets']['per_octave']

    def end(bucket):
        return 2.0 ** (bucket // per_octave) * (1 + (bucket % per_octave + 1) / per_octave) / 1e9

    for name in ('continue', 'wait', 'final'):
        histogram = doc['latency_ms'][name]['histogram']
        total = sum(n for _, n in histogram)
        assert of(name + '_seconds_count') == total
        buckets = sorted((float(dict(k)['le']), v)
                         for k, v in all_of(name + '_seconds_bucket').items())
        assert buckets[-1] == (float('inf'), total) and len(buckets) > 10
        for le, value in buckets:
            assert value == sum(n for b, n in histogram if end(b) <= le * (1 + 1e-12)), (name, le)
        # Each value lies in its bucket, so the sum lies between those of the ends.
        upper = sum(n * end(b) for b, n in histogram)
        assert upper * (1 - 1 / per_octave) <= of(name + '_seconds_sum') <= upper, name


def main():
    program, captures = sys.argv[1], sys.argv[2:]
    checked = 0
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        # A name that has to be escaped wherever it is written.
        odd = os.path.join(work, 'a "quoted\\n"\nname.pcap')
        os.symlink(os.path.abspath(captures[0]), odd)
        runs = [([c], []) for c in captures] + [
            (captures, []), (captures[:1] * 2, []), ([odd], []), (captures, ['-j', '3', '-A']),
            (captures, ['-Y', 'status >= 400']), (captures, ['tcp', 'port', '80'])]
        for some, options in runs:
            text, doc = run(program, some, options)
            samples = parse(text)
            other = by_prometheus(text)
            assert samples == other, set(samples.items()) ^ set(other.items())
            compare(samples, doc, some)
            checked += len(samples)
    print(f'metrics: {checked} samples of {len(runs)} runs agree with the summary, by two '
          'parsers')


main()
