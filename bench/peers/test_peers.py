"""`python3 -m unittest discover -s bench/peers`; PeersBenchTest runs it with the other tests."""

import json
import tempfile
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import load
import quality
import report
from results import Results


class FakeServer(BaseHTTPRequestHandler):
    """Streams three words in chunks that do not end where lines end."""

    protocol_version = "HTTP/1.1"
    bodies: list[dict] = []
    status = 200
    ending = "data: [DONE]\n\n"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        FakeServer.bodies.append(body)
        self.send_response(self.status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = [{"choices": [{"text": text}]} for text in ("a ", "b ", "c", "")]
        events.append({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})
        stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + self.ending
        for i in range(0, len(stream), 25):
            piece = stream[i : i + 25].encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class LoadTest(unittest.TestCase):
    def setUp(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), FakeServer)
        threading.Thread(target=self.server.serve_forever, args=[0.01], daemon=True).start()
        self.target = load.Target("127.0.0.1", self.server.server_port, "m")
        FakeServer.bodies, FakeServer.status, FakeServer.ending = [], 200, "data: [DONE]\n\n"

    def tearDown(self):
        self.server.shutdown()
        self.server.server_close()

    def test_tokens_and_times_are_counted(self):
        figures = load.run(self.target, load.Load(concurrency=2, requests=5, max_tokens=3))
        self.assertEqual((figures["errors"], figures["short"], figures["prompt_tokens_mean"]), ([], 0, 7))
        self.assertAlmostEqual(figures["output_tok_s"], 15 / figures["wall_s"], delta=0.1 * figures["output_tok_s"])
        self.assertGreater(figures["ttft_p50_ms"], 0)

    def test_prompts_share_their_prefix_and_nothing_else(self):
        load.run(self.target, load.Load(concurrency=1, requests=2, prompt_tokens=40, shared_tokens=30))
        first, second = (body["prompt"].split() for body in FakeServer.bodies)
        self.assertEqual(len(first), 40)
        self.assertEqual(first[:30], second[:30])
        self.assertNotEqual(first[30:], second[30:])

    def test_a_short_answer_is_seen(self):
        self.assertEqual(load.run(self.target, load.Load(1, 1, max_tokens=4))["short"], 1)

    def test_a_refusal_is_an_error(self):
        FakeServer.status = 429
        with self.assertRaisesRegex(load.LoadError, "429"):
            load.run(self.target, load.Load(1, 1))

    def test_a_stream_that_breaks_off_is_an_error(self):
        FakeServer.ending = ""
        with self.assertRaisesRegex(load.LoadError, "DONE"):
            load.run(self.target, load.Load(1, 1))

    def test_percentiles_are_linear(self):
        self.assertEqual(load.milliseconds([0.004, 0.001, 0.003, 0.002], 50), 2.5)
        self.assertEqual(load.milliseconds([0.001], 99), 1.0)


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.results = Results(Path(folder.name) / "results.json")
        machine = {"cpu": "C", "family": "F", "cores": 2, "memory_gib": 1, "system": "S", "flags": []}
        self.results.describe(machine=machine, engines={}, model="M")

    def test_a_ratio_above_one_is_a_win_whichever_way_is_better(self):
        self.assertEqual(report.ratio(200, 100, report.HIGHER), 2)
        self.assertEqual(report.ratio(200, 100, report.LOWER), 0.5)

    def test_the_table_has_medians_spreads_and_ratios(self):
        case = self.results.case("speed", "Q8_0", "v")
        for ours, theirs in ((100, 60), (300, 40), (200, 50)):
            case.add("redoubt", {"pp512": ours})
            case.add("llama.cpp", {"pp512": theirs})
        self.assertIn(
            "| Q8_0 | prefill 512, tok/s | 200 [100–300] | 50.0 [40.0–60.0] | 4.00 |",
            report.markdown(self.results, "command"),
        )

    def test_a_case_measured_again_replaces_itself_and_no_other(self):
        self.results.case("speed", "Q8_0", "old").add("redoubt", {"pp512": 1})
        self.results.case("speed", "Q4_0", "old").add("redoubt", {"pp512": 2})
        self.results.save()
        again = Results(self.results.file)
        again.case("speed", "Q8_0", "new").add("redoubt", {"pp512": 3})
        again.save()
        read = {case.format: case.values("pp512", "redoubt") for case in Results(self.results.file).cases}
        self.assertEqual(read, {"Q8_0": [3], "Q4_0": [2]})

    def test_the_section_replaces_itself(self):
        once = report.replace_section("# Title\n\nText\n", "A\n")
        self.assertEqual(once, "# Title\n\nText\n\n<!-- peers:begin -->\nA\n<!-- peers:end -->\n")
        self.assertEqual(report.replace_section(once + "\nMore\n", "B\n"), once.replace("A\n", "B\n") + "\nMore\n")

    def test_outputs_agree_by_text_or_by_perplexity(self):
        case = self.results.case("agreement", "Q4_1", "v")
        for first in (-1, quality.CHARACTERS, 3, 3):
            case.add("llama.cpp", {"first_character": first, "first_token": 1})
        self.assertFalse(report.verdicts(self.results)[0]["agrees"], "two of four begin alike")
        perplexity = self.results.case("perplexity", "Q4_1", "v")
        perplexity.add("redoubt", {"perplexity": 20.0})
        perplexity.add("llama.cpp", {"perplexity": 20.1})
        self.assertTrue(report.verdicts(self.results)[0]["agrees"])
        perplexity.add("llama.cpp", {"perplexity": 40.0})
        self.assertFalse(report.verdicts(self.results)[0]["agrees"])

    def test_the_first_difference_is_an_index(self):
        self.assertEqual(quality.first_difference("abc", "abd"), 2)
        self.assertEqual(quality.first_difference("ab", "abc"), 2)
        self.assertEqual(quality.first_difference([1, 2], [1, 2]), -1)


if __name__ == "__main__":
    unittest.main()
