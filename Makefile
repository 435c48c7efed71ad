# `make demo` and `make test` each do all their own set-up on a fresh Debian or Ubuntu with a Swift 6.3 toolchain.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PREFIX ?= /usr/local
SWIFT ?= swift
# A crash prints its cause and not hundreds of lines of it.
export SWIFT_BACKTRACE ?= interactive=no,color=no

.PHONY: demo test bench evidence install build format lint setup clean

demo: build
	.build/release/boreas demo

# All tests at once starve one another on a small machine, and those of them that measure real time fail by it.
tests_at_a_time = SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH

# Whole trials run in real time, and so by themselves: beside other tests on two cores they would be judged on how busy
# the machine is. Those of DeterminismTests run in virtual time, but would keep the machine busy for the others.
real_time = HarnessTests|ParityTests|DeterminismTests|HostileClientTests|ControllerSweepTests
# A run of no tests passes as far as `swift test` is concerned, so its summary is looked at too.
run_tests = @log=$$(mktemp); trap 'rm -f "$$log"' EXIT; \
	echo "$(SWIFT) test $(1)"; \
	$(2) $(SWIFT) test --skip-build --disable-xctest $(1) 2>&1 | tee "$$log"; \
	grep -Eq 'Test run with [1-9][0-9]* tests? .*passed' "$$log" || { echo 'make: no test was run' >&2; exit 1; }

test: setup lint
	@[ -d .build/debug ] || echo 'Building the tests; the first build compiles the dependencies and takes minutes.'
	$(SWIFT) build --build-tests
	$(call run_tests,--skip '$(real_time)',$(tests_at_a_time)=4)
	$(call run_tests,--filter '$(real_time)',$(tests_at_a_time)=1)

bench: setup
	@[ -e .build/release/boreas-bench ] || echo 'Building the benchmarks; the first release build takes minutes.'
	$(SWIFT) build -c release --product boreas
	$(SWIFT) build -c release --product boreas-bench
	.build/release/boreas-bench

# What is committed in results/.
evidence: build
	.ci/evidence

# Uses sudo only where the directory belongs to somebody else.
install: build
	@directory='$(DESTDIR)$(PREFIX)/bin'; sudo=; \
	{ mkdir -p "$$directory" && [ -w "$$directory" ]; } 2>/dev/null || sudo=sudo; \
	$$sudo install -d "$$directory"; \
	$$sudo install -m 755 .build/release/boreas "$$directory/boreas"; \
	echo "Installed $$directory/boreas"

build: setup
	@[ -e .build/release/boreas ] || \
	    echo 'Building boreas; the first build compiles the dependencies and takes minutes.'
	$(SWIFT) build -c release --product boreas

format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

lint: setup
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

setup:
	@SWIFT='$(SWIFT)' .ci/setup

clean:
	$(SWIFT) package clean
