# stscan: builds, tests and installs everything. `make help` lists the targets.
#
# Objects go to $(BUILD) (build/ by default) with one dependency file each, so that a parallel or a
# partial build is right. Sources are found by folder: a new file needs no line here.

VERSION := 0.1.0
BUILD   ?= build
CC      ?= gcc
PREFIX  ?= /usr/local
DESTDIR ?=
# SAN=1 builds with ASan and UBSan (see the target asan).
SAN     ?=

PKGS_LIB     := libidn2 libpsl jansson
PKGS_SCANNER := $(PKGS_LIB) libevent libevent_pthreads libcares openssl libcurl libzstd liblzma zlib
PKGS_SIMNET  := $(PKGS_LIB) openssl libnghttp2 libzstd
PKGS_TEST    := $(PKGS_SCANNER) cmocka libnghttp2

WARN := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
        -Wmissing-prototypes -Wformat=2 -Wvla -Werror
HARDEN  := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE
LDHARDEN := -pie -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack
ifneq ($(SAN),)
OPT := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
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

.PHONY: all help deps demo test unit e2e bench asan tidy format check-format check-style install \
        uninstall clean
all: $(BUILD)/stscan $(BUILD)/stsreport $(BUILD)/simnet

help:
	@echo "targets: all demo test bench asan tidy format install uninstall clean deps"
	@echo "variables: BUILD CC CFLAGS PREFIX DESTDIR SAN=1"

$(BUILD)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/libmtasts.a: $(call objs,$(LIB_SRC))
	@mkdir -p $(@D) && rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/stscan: $(call objs,$(SCANNER_SRC)) $(BUILD)/libmtasts.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_SCANNER))

$(BUILD)/stsreport: $(call objs,$(REPORT_SRC)) $(BUILD)/libmtasts.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_LIB) libzstd)

$(BUILD)/simnet: $(call objs,$(SIMNET_SRC)) $(BUILD)/libmtasts.a
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_SIMNET))

$(BUILD)/libtestable.a: $(call objs,$(TESTABLE) $(UNIT_HELP))
	@mkdir -p $(@D) && rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/libtestable.a $(BUILD)/libmtasts.a
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(call libs,$(PKGS_TEST))

# Objects of tests are kept: make would delete them as intermediate files.
.SECONDARY: $(call objs,$(UNIT_SRC))

unit: $(UNIT_BIN)
	@set -e; for t in $(UNIT_BIN); do echo "== $$t"; $$t; done

format:
	clang-format -i $$(git ls-files '*.c' '*.h')
check-format:
	clang-format --dry-run -Werror $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)
