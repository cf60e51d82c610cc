# gw400 - a gateway between SMTP and X.400.  Targets: all run test bench fuzz soak install deps clean
# Variants: build/ (optimised), build/test (ASan+UBSan), build/fuzz (libFuzzer); the compiler is CC=gcc or CC=clang.

MAKEFLAGS += --no-builtin-rules
ifeq ($(MAKELEVEL),0) # recursive calls share the first one's jobs
MAKEFLAGS += -j$(shell nproc)
endif
SHELL := /bin/bash
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

ifeq ($(origin CC),default)
CC := gcc
endif

# --- the house: each folder, and what its line in the table of layers lets it include ------------------------------

may.asn1           :=
may.mapping        := asn1
may.gateway/osi    := asn1
may.gateway/mhs    := asn1 gateway/osi
may.gateway/smtp   :=
may.gateway/store  :=
may.gateway/net    :=
may.gateway/config :=
may.gateway/convert := asn1 mapping
may.gateway/ldap   := gateway/convert/wire.h gateway/convert/sandbox.h
may.gateway/relay  := gateway/ldap gateway/convert/wire.h gateway/osi gateway/mhs gateway/smtp gateway/store gateway/net gateway/config \
                      gateway/convert/client.h gateway/convert/job.h mapping/job.h
may.gateway/admin  := gateway/config
may.gateway/cli    := asn1 mapping gateway/osi gateway/mhs gateway/smtp gateway/store gateway/net gateway/config \
                      gateway/convert gateway/ldap gateway/relay
FOLDERS := asn1 mapping $(addprefix gateway/,osi mhs smtp store net config convert ldap relay admin cli)
ALL_FOLDERS := $(FOLDERS)

# --- compilers and flags ---------------------------------------------------------------------------------------------

# libunbound by its name: its .pc asks for libevent's, which its Debian package does not bring.
PKGS := glib-2.0 gio-unix-2.0 libuv openssl libxml-2.0 sqlite3 jansson libseccomp libsystemd zlib libtiff-4
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS) | sed 's/-I/-isystem /g')
PKG_LIBS   = $(shell pkg-config --libs $(PKGS)) -lunbound -lldap -llber -lm -lpthread
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
PREFIX ?= /usr/local
BASE := -std=c17 -D_GNU_SOURCE -DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_74 -g -fno-omit-frame-pointer -fstack-protector-strong

FLAGS.release := -O2 -D_FORTIFY_SOURCE=2
FLAGS.test    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -DGW400_SANITIZED=1 -DGW400_TEST_POINTS=1
FLAGS.fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fprofile-instr-generate -fcoverage-mapping -DGW400_SANITIZED=1
DIR.release := build
DIR.test    := build/test
DIR.fuzz    := build/fuzz
CC.release  = $(CC)
CC.test     = $(CC)
CC.fuzz     = clang

# --- ASN.1: our modules, asn1c's output, its skeletons with our mends ----------------------------------------------------

ASN1_MODULES := $(sort $(wildcard asn1/modules/*.asn1))
GEN := build/gen
SKELETONS ?= /usr/share/asn1c

$(GEN)/.stamp: $(ASN1_MODULES) $(wildcard asn1/skeletons/*) asn1/generate.sh
	@echo "ASN1C   $(GEN)"
	@bash asn1/generate.sh $(GEN) $(SKELETONS) $(ASN1_MODULES)
	@touch $@

# --- the include path is the table of layers ------------------------------------------------------------------------------

build/include/.stamp: Makefile
	@rm -rf build/include
	@for f in $(FOLDERS); do mkdir -p build/include/$$f; done
	@$(foreach f,$(FOLDERS),$(foreach m,$(f) $(may.$f),\
	  d=build/include/$f/$(patsubst gateway/%,%,$m); mkdir -p $$(dirname $$d); ln -sfn $(CURDIR)/$m $$d;))
	@! grep -rsnE '#include "\.\.' $(FOLDERS) --include=*.[ch] || { echo "an include climbs out of its folder"; exit 1; }
	@mkdir -p build/include/tests; for f in $(FOLDERS); do ln -sfn $(CURDIR)/$$f build/include/tests/$$(basename $$f); done
	@ln -sfn $(CURDIR)/tests/lib build/include/tests/lib
	@touch $@

gen_include = $(if $(filter asn1,$1 $(may.$1)),-isystem $(GEN))

# One set of rules per variant: objects, the archive, the two programs.
SOURCES := $(foreach f,$(FOLDERS),$(wildcard $f/*.c))
MAINS := gateway/cli/gw400.c gateway/cli/gw400d.c
LIB_SOURCES := $(filter-out $(MAINS),$(SOURCES))

# A change of compiler rebuilds: the file's time is that of the last change.
compiler-stamp = $(shell mkdir -p $(DIR.$1); [ "$$(cat $(DIR.$1)/.compiler 2>/dev/null)" = "$(CC.$1)" ] || echo "$(CC.$1)" > $(DIR.$1)/.compiler)$(DIR.$1)/.compiler

define variant
$(DIR.$1)/gen.a: $(GEN)/.stamp $(call compiler-stamp,$1)
	@echo "GEN     $$@"
	@$$(MAKE) --no-print-directory -f asn1/generated.mk OUT=$(DIR.$1)/gen LIB=$$@ GEN=$(GEN) CC="$$(CC.$1)" FLAGS="$(FLAGS.$1)"
	@touch $$@

define folder.$1
$(DIR.$1)/obj/$$1/%.o: $$1/%.c $(GEN)/.stamp build/include/.stamp $(DIR.$1)/.compiler
	@mkdir -p $$$$(@D)
	@echo "CC      $$$$@"
	@$$$$(CC.$1) $(BASE) $(WARN) $(FLAGS.$1) -Ibuild/include/$$1 $$(call gen_include,$$1) $$$$(PKG_CFLAGS) -MMD -MP -c $$$$< -o $$$$@
endef
$$(foreach f,$(FOLDERS),$$(eval $$(call folder.$1,$$f)))

$(DIR.$1)/gw400.a: $(LIB_SOURCES:%.c=$(DIR.$1)/obj/%.o)
	@mkdir -p $$(@D); rm -f $$@; ar rcs $$@ $$^

$(DIR.$1)/gw400 $(DIR.$1)/gw400d: $(DIR.$1)/%: $(DIR.$1)/obj/gateway/cli/%.o $(DIR.$1)/gw400.a $(DIR.$1)/gen.a
	@echo "LD      $$@"
	@$$(CC.$1) $(FLAGS.$1) -o $$@ $$^ $$(PKG_LIBS)

$(DIR.$1)/obj/tests/%.o: tests/%.c $(GEN)/.stamp build/include/.stamp $(DIR.$1)/.compiler
	@mkdir -p $$(@D)
	@echo "CC      $$@"
	@$$(CC.$1) $(BASE) $(WARN) $(FLAGS.$1) -Ibuild/include/tests -isystem $(GEN) $$(PKG_CFLAGS) -MMD -MP -c $$< -o $$@
-include $$(shell find $(DIR.$1)/obj -name '*.d' 2>/dev/null)
endef
$(foreach v,release test fuzz,$(eval $(call variant,$v)))
# Where the bundled profiles of peers are when the configuration has none of its own.
%/gateway/config/profile.o: PKG_CFLAGS += -DGW400_SHARE='"$(PREFIX)/share/gw400"'

.PHONY: all deps-bench deps deps-build run test unit golden mutate bench fuzz soak documents install clean check-format
all: deps-build
	@$(MAKE) --no-print-directory build/gw400 build/gw400d

# --- packages: installed when missing, nothing else is assumed ---------------------------------------------------------------

BUILD_PACKAGES := gcc patch pkg-config asn1c libglib2.0-dev libuv1-dev libssl-dev libxml2-dev libsqlite3-dev \
  libunbound-dev libldap-dev libjansson-dev libseccomp-dev libsystemd-dev zlib1g-dev libtiff-dev
RUN_PACKAGES := $(BUILD_PACKAGES) swaks python3 tcpdump tshark postfix
TEST_PACKAGES := $(RUN_PACKAGES) check libxml2-utils openssl sqlite3 nsd slapd ldap-utils
BENCH_PACKAGES := $(TEST_PACKAGES) libgmime-3.0-dev
FUZZ_PACKAGES := $(TEST_PACKAGES) clang llvm libclang-rt-14-dev
install-packages = @bash conf/install-packages.sh $1
deps-build: ; $(call install-packages,$(BUILD_PACKAGES))
deps: ; $(call install-packages,$(FUZZ_PACKAGES))
deps-test: ; $(call install-packages,$(TEST_PACKAGES) $(if $(findstring clang,$(CC)),clang libclang-rt-14-dev))
deps-bench: ; $(call install-packages,$(BENCH_PACKAGES))
deps-run: ; $(call install-packages,$(RUN_PACKAGES))

# --- tests: one Check program per tests/<folder>/test_*.c, fuzz corpora replayed, then the system tests ----------------------

TEST_SOURCES := $(wildcard tests/*/test_*.c)
TEST_LIB := $(wildcard tests/lib/*.c)
TEST_BINS := $(TEST_SOURCES:tests/%.c=build/test/bin/%)
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_LIB := $(filter-out $(FUZZ_SOURCES) tests/fuzz/replay.c,$(wildcard tests/fuzz/*.c))
FUZZ_REPLAY := $(FUZZ_SOURCES:tests/fuzz/%.c=build/test/bin/fuzz/%)
FUZZ_BINS := $(FUZZ_SOURCES:tests/fuzz/%.c=build/fuzz/%)

$(FUZZ_REPLAY): build/test/bin/fuzz/%: build/test/obj/tests/fuzz/%.o build/test/obj/tests/fuzz/replay.o $(FUZZ_LIB:%.c=build/test/obj/%.o) build/test/gw400.a build/test/gen.a
	@mkdir -p $(@D); echo "LD      $@"
	@$(CC.test) $(FLAGS.test) -o $@ $^ $(PKG_LIBS)
WILD := build/test/bin/wild/convert
$(TEST_BINS) $(WILD): build/test/bin/%: build/test/obj/tests/%.o $(TEST_LIB:%.c=build/test/obj/%.o) build/test/gw400.a build/test/gen.a
	@mkdir -p $(@D); echo "LD      $@"
	@$(CC.test) $(FLAGS.test) -o $@ $^ $$(pkg-config --libs check) $(PKG_LIBS)
build/fuzz/%: build/fuzz/obj/tests/fuzz/%.o $(FUZZ_LIB:%.c=build/fuzz/obj/%.o) build/fuzz/gw400.a build/fuzz/gen.a
	@echo "LD      $@"
	@clang $(FLAGS.fuzz) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

# What a power cut takes away: tests/shim/lossy.c, for LD_PRELOAD.
build/test/lossy.so: tests/shim/lossy.c
	@mkdir -p $(@D); echo "LD      $@"
	@$(CC) -std=gnu17 -D_GNU_SOURCE -O1 -g -fPIC -shared $(filter-out -Wpedantic,$(WARN)) -o $@ $< -ldl
build/test/bin/store/test_crash: | build/test/lossy.so

# make unit T=asn1/test_guard builds and runs one; make unit T=asn1 a folder's.
T ?=
unit:
	@$(MAKE) --no-print-directory $(filter build/test/bin/$(T)%,$(TEST_BINS) $(FUZZ_REPLAY))
	@python3 tests/run.py unit $(T)

# make golden T=H:Subject runs the golden cases of a row.
golden: build/test/gw400
	@python3 tests/run.py golden $(T)

test: deps-test
	@$(MAKE) --no-print-directory test-build
	@python3 tests/run.py all
test-build: build/gw400 build/gw400d build/test/gw400 build/test/gw400d build/test/lossy.so $(TEST_BINS) $(WILD) $(FUZZ_REPLAY)

# make mutate [T=H:Subject]: switches off the rows of the mapping one at a time; the tests must turn red for each.
mutate: deps-test
	@$(MAKE) --no-print-directory build/gw400
	@python3 tests/mutate/mutate.py $(T)

# make fuzz [T=fuzz_x] [SECONDS_EACH=600]: libFuzzer over every target, new findings kept in tests/fuzz/corpus.
SECONDS_EACH ?= 600
fuzz: deps
	@$(MAKE) --no-print-directory $(if $(T),build/fuzz/$(T),$(FUZZ_BINS))
	@python3 tests/fuzz/run.py $(SECONDS_EACH) $(if $(T),$(T),$(FUZZ_SOURCES:tests/fuzz/%.c=%))

run: deps-run
	@$(MAKE) --no-print-directory build/gw400 build/gw400d
	@python3 tests/system/run_pair.py $(if $(ONCE),--once)
build/bench/%: build/obj/tests/bench/%.o build/gw400.a build/gen.a
	@mkdir -p $(@D)
	@echo "LD      $@"
	@$(CC.release) $(FLAGS.release) -o $@ $^ $(PKG_LIBS)
# GMime is a peer in the bench, and nothing else.
build/obj/tests/bench/conversion.o build/bench/conversion: PKGS += gmime-3.0
bench: deps-bench
	@$(MAKE) --no-print-directory build/gw400 build/gw400d build/bench/tables build/bench/conversion
	@python3 tests/bench/bench.py $(T)
soak: deps-test
	@$(MAKE) --no-print-directory test-build
	@python3 tests/run.py soak

# What is generated from gateway/config/schema.c and committed; tests/config holds it against the generator.
documents: all
	build/gw400 check --relax-ng > conf/gw400.rng
	build/gw400 check --reference > docs/reference.md

# Rewrites the page from the last run of the tests.
.PHONY: docs/conformance.md
docs/conformance.md:
	@python3 tests/conformance/generate.py

install: all
	install -D -m 755 build/gw400 $(DESTDIR)$(PREFIX)/bin/gw400
	install -D -m 755 build/gw400d $(DESTDIR)$(PREFIX)/sbin/gw400d
	install -D -m 644 conf/gw400.rng $(DESTDIR)$(PREFIX)/share/gw400/gw400.rng
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/gw400/profiles conf/profiles/*.xml
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/gw400/ldap conf/ldap/mixer.schema
	install -D -m 644 conf/gw400.service $(DESTDIR)/lib/systemd/system/gw400.service
clean: ; rm -rf build run
