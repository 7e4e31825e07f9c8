# maillogs: build, test, demonstrate, install. GNU make; `make help` lists what there is.

PREFIX ?= /usr/local
DESTDIR ?=
MANDIR ?= $(PREFIX)/share/man
# maillogs looks for toaster.conf in /usr/local/etc, /opt/local/etc and /etc.
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
# The program has its templates in itself; these are to be copied from, into templates_dir.
EXAMPLES = $(PREFIX)/share/maillogs/templates
INSTALL ?= install

# Tests and examples are built with rrd-sys, which asks for libclang unless LIBRRD names the library: then it takes its own
# bindings. The shell asks pkg-config when a recipe runs, not when make starts: `deps-test` may have just installed it.
CARGO = LIBRRD="$${LIBRRD:-$$(pkg-config --variable=libdir librrd)/librrd.so}" cargo

TARGET = $(or $(CARGO_TARGET_DIR),target)
BINARY = $(TARGET)/release/maillogs
LINKS = sendlog smtplog pop3log
# For other programs: a dashboard, alert rules, templates.
SHARED = $(wildcard share/*/*)

.PHONY: build deps-build deps-demo deps-bench deps-test test torture mutants fuzz demo gallery bench lint audit install uninstall clean help

build: deps-build ## build the release binary
	cargo build --release

deps-build deps-demo deps-bench deps-test: # what compiling, demonstrating, measuring and testing need, where it is missing
	@sh scripts/deps.sh $(@:deps-%=%)

test: deps-test ## run every test, with real multilog
	@CARGO='$(CARGO)' sh scripts/test.sh

mutants: deps-test ## break the program in eight ways and see the tests go red
	@CARGO='$(CARGO)' TARGET='$(TARGET)' sh scripts/mutants.sh

torture: deps-test ## try to break it: every fault at every step, kill -9 a thousand times under each logger (an hour and a half)
	@CARGO='$(CARGO)' TARGET='$(TARGET)' sh scripts/torture.sh

SECONDS ?= 120
fuzz: deps-test ## fuzz every parser, SECONDS=120 each; needs Rust's nightly compiler
	@CARGO='$(CARGO)' sh scripts/fuzz.sh '$(SECONDS)'

demo: deps-demo ## three days of a mail server's logs through multilog and maillogs, then the graphs
	$(CARGO) build --release --bin maillogs --example qmail-traffic --example qmail-queue
	@TARGET='$(TARGET)' sh scripts/demo.sh

gallery: deps-demo ## draw graphs/ anew, from invented mail that is always the same
	$(CARGO) build --release --bin maillogs --example qmail-traffic --example qmail-queue
	@TARGET='$(TARGET)' sh scripts/gallery.sh

bench: deps-bench ## time and memory, written to bench/RESULTS.md; logs of BENCH_MB=1000, only rows with BENCH_ONLY='query'
	$(CARGO) build --release --bin maillogs --example qmail-traffic --example bench
	@mkdir -p bench && '$(TARGET)/release/examples/bench' bench/RESULTS.md

lint: deps-test ## what a change has to pass besides the tests
	cargo fmt --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
	$(CARGO) clippy --all-targets -- -D warnings
	RUSTFLAGS='--cfg fuzzing' $(CARGO) clippy --manifest-path fuzz/Cargo.toml -- -D warnings
	RUSTDOCFLAGS='-D warnings' $(CARGO) doc --no-deps --document-private-items

audit: ## look for crates with known faults, and for licences that do not fit; needs cargo-deny and the network
	@command -v cargo-deny >/dev/null 2>&1 || { echo "make: there is no cargo-deny: cargo install cargo-deny" >&2; exit 1; }
	cargo deny check

# Installs no package and compiles nothing: `make && sudo make install` does not run cargo as root.
install: ## install below PREFIX (and DESTDIR) what `make` has built
	@test -x '$(BINARY)' || { echo "make: there is no $(BINARY) yet: run \`make\` first, as the user that has Rust" >&2; exit 1; }
	$(INSTALL) -d '$(DESTDIR)$(PREFIX)/bin' '$(DESTDIR)$(SYSCONFDIR)' '$(DESTDIR)$(MANDIR)/man1'
	$(INSTALL) -m 755 '$(BINARY)' '$(DESTDIR)$(PREFIX)/bin/maillogs'
	for link in $(LINKS); do ln -sf maillogs '$(DESTDIR)$(PREFIX)'/bin/$$link || exit 1; done
	$(INSTALL) -m 644 toaster.conf '$(DESTDIR)$(SYSCONFDIR)/toaster.conf.sample'
	test -e '$(DESTDIR)$(SYSCONFDIR)/toaster.conf' \
		|| $(INSTALL) -m 644 toaster.conf '$(DESTDIR)$(SYSCONFDIR)/toaster.conf'
	$(INSTALL) -m 644 man/maillogs.1 $(LINKS:%=man/%.1) '$(DESTDIR)$(MANDIR)/man1'
	$(INSTALL) -d '$(DESTDIR)$(EXAMPLES)/page'
	$(INSTALL) -m 644 templates/*.toml templates/README.md '$(DESTDIR)$(EXAMPLES)'
	$(INSTALL) -m 644 templates/page/* '$(DESTDIR)$(EXAMPLES)/page'
	$(INSTALL) -m 644 MONITORING.md '$(DESTDIR)$(PREFIX)/share/maillogs'
	for file in $(SHARED); do \
		$(INSTALL) -d '$(DESTDIR)$(PREFIX)'/share/maillogs/$$(dirname $${file#share/}) || exit 1; \
		$(INSTALL) -m 644 $$file '$(DESTDIR)$(PREFIX)'/share/maillogs/$${file#share/} || exit 1; \
	done

uninstall: ## remove what install put there, but for toaster.conf
	for name in maillogs $(LINKS); do \
		rm -f '$(DESTDIR)$(PREFIX)'/bin/$$name '$(DESTDIR)$(MANDIR)'/man1/$$name.1 || exit 1; \
	done
	rm -f '$(DESTDIR)$(SYSCONFDIR)/toaster.conf.sample'
	rm -rf '$(DESTDIR)$(PREFIX)/share/maillogs'

clean: ## remove what was built and the demonstration
	cargo clean
	rm -rf demo

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## /\1	/p' Makefile | expand -t 12
