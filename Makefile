# stscan: builds, tests and installs everything. `make help` lists the targets.
#
# Objects go to $(BUILD) (build/ by default) with one dependency file each, so that a parallel or a
# partial build is right. Sources are found by folder: a new file needs no line here.

VERSION := 0.1.0
BUILD   ?= build
ifeq ($(origin CC),default)
CC := gcc
endif
PREFIX  ?= /usr/local
DESTDIR ?=
# V=1 shows the commands.
V       ?=
Q       := $(if $(V),,@)
# SAN=1 builds with ASan and UBSan (see the target asan), SAN=fuzz for libFuzzer (target fuzz).
SAN     ?=

PKGS_LIB     := libidn2 libpsl jansson
PKGS_SCANNER := $(PKGS_LIB) libevent libevent_pthreads libcares openssl libcurl libzstd liblzma zlib
PKGS_SIMNET  := $(PKGS_LIB) openssl libnghttp2 libzstd zlib
PKGS_TEST    := $(PKGS_SCANNER) cmocka libnghttp2

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wformat=2 -Wvla -Werror
HARDEN  := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
LDHARDEN := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
comma := ,
ifneq ($(SAN),)
OPT := -O1 -fno-omit-frame-pointer -fno-sanitize-recover=undefined \
       -fsanitize=address,undefined$(if $(filter fuzz,$(SAN)),$(comma)fuzzer-no-link)
HARDEN := -fPIE
LDHARDEN := -pie
else
OPT := -O2
endif
CFLAGS  ?= -g
ALL_CFLAGS = -std=c11 $(OPT) $(CFLAGS) $(WARN) $(HARDEN) -D_GNU_SOURCE \
             -DSTSCAN_VERSION='"$(VERSION)"' -DSTSCAN_DATADIR='"$(PREFIX)/share/stscan"' \
             -I. -MMD -MP $(shell pkg-config --cflags $(PKGS_TEST) 2>/dev/null)
ALL_LDFLAGS = $(LDHARDEN) $(LDFLAGS) $(filter -fsanitize%,$(OPT))
libs = $(shell pkg-config --libs $(1)) -lpthread -lm

LIB_SRC     := $(sort $(wildcard lib/*.c))
SCANNER_SRC := $(sort $(wildcard scanner/*.c scanner/*/*.c))
REPORT_SRC  := $(sort $(wildcard analysis/*.c))
SIMNET_SRC  := $(sort $(wildcard tests/simnet/*.c))
UNIT_SRC    := $(sort $(wildcard tests/unit/test_*.c))
UNIT_HELP   := $(filter-out $(UNIT_SRC),$(sort $(wildcard tests/unit/*.c)))
objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
# What a test links: every object of the programs but the files that hold a main().
MAINS       := scanner/main.c analysis/stsreport.c tests/simnet/simnet.c
TESTABLE    := $(filter-out $(MAINS),$(SCANNER_SRC) $(REPORT_SRC) $(SIMNET_SRC))
UNIT_BIN    := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SRC))
FUZZ_SRC    := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN    := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
FUZZ_HELP   := $(filter-out $(FUZZ_SRC),$(sort $(wildcard tests/fuzz/*.c)))
# Seconds per fuzz target.
FUZZ_SECONDS ?= 60

# Debian 12 packages: what the build needs, what the demo needs besides, and what the tests do.
DEB_BUILD := build-essential pkg-config libevent-dev libc-ares-dev libssl-dev \
    libcurl4-openssl-dev libzstd-dev libidn2-dev libpsl-dev libjansson-dev liblzma-dev zlib1g-dev \
    libnghttp2-dev ca-certificates publicsuffix
DEB_DEMO := zstd python3
DEB_TEST := $(DEB_DEMO) libcmocka-dev xz-utils python3-jsonschema python3-cryptography \
    python3-yaml procps unbound nsd nginx-light postfix openssl clang clang-format dnsutils \
    iproute2 nftables e2fsprogs lcov

.PHONY: all help deps deps-demo demo test unit e2e bench asan coverage tidy docs format check-format check-style install \
        uninstall clean
all: $(BUILD)/stscan $(BUILD)/stsreport $(BUILD)/simnet

help:
	@echo "targets: all demo test bench bench-full asan valgrind kill-full faults-full uplink-full leaks-full coverage fuzz tidy format install uninstall clean deps"
	@echo "variables: BUILD CC CFLAGS PREFIX DESTDIR SAN=1 FUZZ_SECONDS"

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(if $(V),,@echo "CC  $<")
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

# Data files are compiled in: data/NAME.EXT becomes the symbols embed_NAME_EXT (its bytes) and
# embed_NAME_EXT_len (a uint64_t).
embed = $(patsubst %,$(BUILD)/obj/data/%.o,$(notdir $(wildcard $(1))))
$(BUILD)/obj/data/%.o: data/% Makefile
	@mkdir -p $(@D)
	@printf '%s\n' '.section .rodata' '.balign 8' \
	    '.global embed_$(subst .,_,$*)_len' 'embed_$(subst .,_,$*)_len: .8byte 2f - 1f' \
	    '.global embed_$(subst .,_,$*)' 'embed_$(subst .,_,$*):' '1: .incbin "$<"' '2: .byte 0' \
	    '.section .note.GNU-stack,"",%progbits' | $(CC) -c -x assembler -o $@ -

$(BUILD)/libmtasts.a: $(call objs,$(LIB_SRC)) $(call embed,data/providers.tsv)
	@mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/stscan: $(call objs,$(SCANNER_SRC)) $(call embed,data/blocklist.conf) $(BUILD)/libmtasts.a
	$(if $(V),,@echo "LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_SCANNER))

$(BUILD)/stsreport: $(call objs,$(REPORT_SRC)) $(BUILD)/libmtasts.a
	$(if $(V),,@echo "LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_LIB) libzstd)

$(BUILD)/simnet: $(call objs,$(SIMNET_SRC)) $(BUILD)/libmtasts.a
	$(if $(V),,@echo "LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_SIMNET))

$(BUILD)/libtestable.a: $(call objs,$(TESTABLE) $(UNIT_HELP)) $(call embed,data/blocklist.conf)
	@mkdir -p $(@D) && rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libtestable.a $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_TEST))

# Allocations that fail: test_nomem stands between the library and its memory.
NOMEM_WRAP := malloc calloc realloc arena_alloc arena_array arena_dup arena_join arena_printf \
    strbuf_reserve
$(BUILD)/tests/test_nomem: LDHARDEN += $(addprefix -Wl$(comma)--wrap=,$(NOMEM_WRAP))
# A gate without memory: test_owner_shared stands between it and the owner.
$(BUILD)/tests/test_owner_shared: LDHARDEN += -Wl,--wrap=gate_push

# Benchmarks: each benchmarks/bench_*.c is a program, the other files there help them all.
BENCH_SRC  := $(sort $(wildcard benchmarks/bench_*.c))
BENCH_HELP := $(filter-out $(BENCH_SRC),$(sort $(wildcard benchmarks/*.c)))
BENCH_BIN  := $(patsubst benchmarks/%.c,$(BUILD)/bench/%,$(BENCH_SRC))
$(BUILD)/bench/%: $(BUILD)/obj/benchmarks/%.o $(call objs,$(BENCH_HELP)) $(BUILD)/libtestable.a \
                  $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(if $(V),,@echo "LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_TEST))
.PHONY: benchbins bench-full
benchbins: $(BENCH_BIN)
# BENCH_ARGS: see benchmarks/bench.py --help, as BENCH_ARGS="--only dns --names 200000".
BENCH_ARGS ?=
DEB_BENCH := dnsperf curl postfix zstd python3
bench bench-full: all benchbins
	@for tool in $(DEB_BENCH); do PATH=$$PATH:/usr/sbin command -v $$tool >/dev/null || { \
	  echo "make bench: $$tool is not installed (Debian package $$tool)" >&2; exit 1; }; done
	@BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 benchmarks/bench.py \
	  $(if $(filter bench-full,$@),--full) $(BENCH_ARGS)
.SECONDARY: $(call objs,$(BENCH_SRC))

# Objects of tests are kept: make would delete them as intermediate files.
.SECONDARY: $(call objs,$(UNIT_SRC))

# Installs what is missing, as root or through sudo; does nothing when all is there. The demo gets
# along without the servers that the tests talk to.
deps: DEB_WANTED := $(DEB_BUILD) $(DEB_TEST)
deps-demo: DEB_WANTED := $(DEB_BUILD) $(DEB_DEMO)
deps deps-demo:
	@missing=""; for p in $(DEB_WANTED); do \
	  dpkg-query -W -f='$${db:Status-Abbrev}' $$p 2>/dev/null | grep -q '^ii' || missing="$$missing $$p"; \
	done; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ]; then run=; elif sudo -n true 2>/dev/null; then run=sudo; else \
	  echo "make deps: not root and no sudo; install these packages first:$$missing" >&2; exit 1; fi; \
	echo "installing:$$missing"; \
	{ $$run apt-get -q update && $$run env DEBIAN_FRONTEND=noninteractive \
	  apt-get -q -y --no-install-recommends install $$missing; } >/dev/null || \
	  { echo "make deps: apt-get failed for:$$missing" >&2; exit 1; }

# A scan of 50,000 names of the simulated internet, with progress, summary and output files.
demo: deps-demo
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@BUILD=$(BUILD) tests/e2e/demo.sh

# Everything: style, units, end to end. `make unit` and `make e2e` run a part.
test: deps
	@$(MAKE) --no-print-directory -j$$(nproc) all testbins
	@BUILD=$(BUILD) tests/run.sh style unit e2e
unit: testbins
	@BUILD=$(BUILD) tests/run.sh unit
e2e: all
	@BUILD=$(BUILD) tests/run.sh e2e
check-style:
	@BUILD=$(BUILD) tests/run.sh style
.PHONY: testbins
testbins: $(UNIT_BIN)

# 50 times kill -9 over one scan of 100,000 names, and the same in 20 shards: some minutes.
.PHONY: kill-full
kill-full: all
	@BUILD=$(BUILD) KILL_FULL=1 tests/e2e/test_kill.sh

# A scan of 200,000 names through a network that fails, one whose uplink is silent for 50 s, and
# descriptors over 200,000 connections: some minutes each.
.PHONY: faults-full uplink-full leaks-full
faults-full: all
	@BUILD=$(BUILD) FAULTS_FULL=1 tests/e2e/test_faults.sh
uplink-full: all
	@BUILD=$(BUILD) UPLINK_FULL=1 tests/e2e/test_uplink.sh
leaks-full: $(BUILD)/tests/test_leaks
	@LEAK_CONNECTIONS=200000 $<

# The same tests, all of them, under AddressSanitizer, LeakSanitizer and UBSan, with objects of their
# own; everything takes some four times as long, and so does tests/run.sh wait.
asan: deps
	@$(MAKE) --no-print-directory -j$$(nproc) BUILD=build-asan SAN=1 all testbins
	@BUILD=build-asan SAN=1 tests/run.sh unit e2e

# A scan of some hundred names, stopped and resumed, under valgrind.
.PHONY: valgrind
valgrind: all
	@BUILD=$(BUILD) tests/e2e/valgrind_scan.sh

# Lines that the unit tests run, of lib and of scanner/net, with objects of their own; the report in
# words is build-cov/coverage.txt, a page for each file is in build-cov/html.
.PHONY: coverage
coverage: deps
	@$(MAKE) --no-print-directory -j$$(nproc) BUILD=build-cov OPT=-O0 HARDEN=-fPIE \
	    CFLAGS='-g --coverage -fprofile-update=atomic' LDFLAGS=--coverage testbins
	@find build-cov -name '*.gcda' -delete
	@BUILD=build-cov tests/run.sh unit | tail -n 1
	@tests/coverage.sh build-cov lib scanner/net

# Every target of tests/fuzz under libFuzzer, FUZZ_SECONDS each, beginning with its committed corpus;
# what is found on the way stays in build-fuzz/corpus.
$(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/%.o $(call objs,$(FUZZ_HELP)) $(BUILD)/libtestable.a \
    $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(call libs,$(PKGS_TEST))
.SECONDARY: $(call objs,$(FUZZ_SRC))
.PHONY: fuzz fuzzbins
fuzzbins: $(FUZZ_BIN)
fuzz: deps
	@$(MAKE) --no-print-directory -j$$(nproc) BUILD=build-fuzz SAN=fuzz CC=clang fuzzbins
	@set -e; for t in $(notdir $(basename $(FUZZ_SRC))); do \
	  seeds=tests/fuzz/corpus/$$t; [ -d $$seeds ] || seeds=; \
	  mkdir -p build-fuzz/corpus/$$t; echo "== $$t, $(FUZZ_SECONDS) s"; \
	  build-fuzz/fuzz/$$t -max_total_time=$(FUZZ_SECONDS) -timeout=10 -print_final_stats=1 \
	    -artifact_prefix=build-fuzz/ build-fuzz/corpus/$$t $$seeds >build-fuzz/$$t.log 2>&1 || \
	    { tail -n 40 build-fuzz/$$t.log; exit 1; }; \
	  grep -E 'number_of_executed_units|average_exec|peak_rss' build-fuzz/$$t.log; done

tidy:
	clang-tidy --quiet $(LIB_SRC) $(SCANNER_SRC) $(REPORT_SRC) -- $(filter-out -MMD -MP,$(ALL_CFLAGS))

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/pkgconfig \
	    $(DESTDIR)$(PREFIX)/include/mtasts/lib $(DESTDIR)$(PREFIX)/share/stscan $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 $(BUILD)/stscan $(BUILD)/stsreport $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/libmtasts.a $(DESTDIR)$(PREFIX)/lib/
	install -m 644 lib/*.h $(DESTDIR)$(PREFIX)/include/mtasts/lib/
	sed -e 's,@PREFIX@,$(PREFIX),' -e 's,@VERSION@,$(VERSION),' lib/mtasts.pc.in \
	    >$(DESTDIR)$(PREFIX)/lib/pkgconfig/mtasts.pc
	install -m 644 data/providers.tsv data/blocklist.conf docs/schema/record.schema.json \
	    $(DESTDIR)$(PREFIX)/share/stscan/
	install -m 644 docs/man/stscan.1 docs/man/stsreport.1 $(DESTDIR)$(PREFIX)/share/man/man1/
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/stscan $(DESTDIR)$(PREFIX)/bin/stsreport \
	    $(DESTDIR)$(PREFIX)/lib/libmtasts.a $(DESTDIR)$(PREFIX)/lib/pkgconfig/mtasts.pc \
	    $(DESTDIR)$(PREFIX)/share/man/man1/stscan.1 \
	    $(DESTDIR)$(PREFIX)/share/man/man1/stsreport.1
	rm -rf $(DESTDIR)$(PREFIX)/include/mtasts $(DESTDIR)$(PREFIX)/share/stscan

# Pages that are generated from tables; a test fails when they are behind.
docs: $(BUILD)/findings_doc
	$(BUILD)/findings_doc >docs/findings.md
$(BUILD)/findings_doc: $(BUILD)/obj/docs/findings_doc.o $(BUILD)/libmtasts.a
	$(if $(V),,@echo "LD  $@")
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_LIB))

format:
	clang-format -i $$(git ls-files '*.c' '*.h')
check-format:
	clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD) build-asan build-fuzz build-cov

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
