"""measure.py BUILD_FOLDER READER SECONDS [INPUTS]: runs one fuzz target and prints a line: inputs, edges, and whether the last quarter
of the time has found a new edge. With INPUTS it ends before the SECONDS when so many are done and a quarter of the time was quiet. What
it prints otherwise goes to BUILD_FOLDER/READER.log. Exit code 1 where an input broke it."""
import os
import re
import signal
import subprocess
import sys
import time

build, reader, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3])
enough = int(sys.argv[4]) if len(sys.argv) > 4 else 0
corpus, seeds, dictionary = (f"{build}/{kind}/{reader}" for kind in ("corpus", "seeds", "dictionaries"))
os.makedirs(corpus, exist_ok=True)
command = [f"{build}/bin/fuzz_{reader}", f"-max_total_time={seconds}", "-max_len=65536", "-timeout=60", "-report_slow_units=10", "-rss_limit_mb=2048",
           "-print_final_stats=1", f"-artifact_prefix={build}/{reader}-", corpus, seeds]
if os.path.exists(dictionary):
    command.insert(1, "-dict=" + dictionary)
edges = inputs = first = 0
start = last = time.monotonic()
asked = False
process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace")
with open(f"{build}/{reader}.log", "w") as log:
    for line in process.stderr:
        log.write(line)
        log.flush()
        now = time.monotonic()
        if found := re.match(r"#(\d+)\s.* cov: (\d+)", line):
            inputs = max(inputs, int(found[1]))
            if int(found[2]) > edges:
                edges, last = int(found[2]), now
            first = first or edges
        if found := re.match(r"stat::number_of_executed_units:\s+(\d+)", line):
            inputs = int(found[1])
        if "Test unit written to" in line or line.startswith("SUMMARY"):
            print(line.strip())
        if enough and inputs >= enough and now - last >= (now - start) / 4 and not asked:
            asked = True
            process.send_signal(signal.SIGUSR1)
end = time.monotonic()
quiet = end - last
settled = "no new edge in the last quarter" if quiet >= (end - start) / 4 else f"the last new edge {quiet:.0f} s before the end"
print(f"{reader:13} {inputs:11,} inputs in {end - start:5.0f} s  {edges:6,} edges, {first:,} by the first inputs  {settled}", flush=True)
sys.exit(1 if process.wait() else 0)
