# `make demo` and `make test` each do all their own set-up on a fresh Debian or Ubuntu with a Swift 6.3 toolchain.

PREFIX ?= /usr/local
SWIFT ?= swift
PACKAGES = libcurl4-openssl-dev libsqlite3-dev pkg-config
# A crash prints its cause and not hundreds of lines of it.
export SWIFT_BACKTRACE ?= interactive=no,color=no

.PHONY: demo test bench install build format lint setup clean

demo: build
	.build/release/boreas demo

test: setup lint
	@echo 'Building the tests; the first build compiles the dependencies and takes minutes.'
	$(SWIFT) build --build-tests
	$(SWIFT) test --skip-build --disable-xctest

bench: setup
	$(SWIFT) build -c release --product boreas-bench
	.build/release/boreas-bench

install: build
	install -d '$(DESTDIR)$(PREFIX)/bin'
	install -m 755 .build/release/boreas '$(DESTDIR)$(PREFIX)/bin/boreas'

build: setup
	@echo 'Building boreas; the first build compiles the dependencies and takes minutes.'
	$(SWIFT) build -c release --product boreas

format:
	$(SWIFT) format --in-place --recursive Package.swift Sources Tests

lint: setup
	$(SWIFT) format lint --strict --recursive Package.swift Sources Tests

# Installs what is missing and asks nothing; does nothing where all is there.
setup:
	@command -v $(SWIFT) >/dev/null || { \
	    echo 'make: no Swift toolchain found; install Swift 6.3: https://www.swift.org/install/linux/' >&2; exit 1; }
	@missing=; for package in $(PACKAGES); do \
	    [ "$$(dpkg-query -W -f '$${db:Status-Status}' $$package 2>/dev/null)" = installed ] \
	        || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    echo "Installing$$missing"; \
	    $$sudo apt-get update -qq; \
	    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	fi

clean:
	$(SWIFT) package clean
