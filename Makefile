# await100: build, test, measure.
#
#   make            the program ./await100 and the library ./libawait100.a
#   make demo       install what is missing, build, run on the captures in pcaps/
#   make check      install what is missing, build, run the tests (minutes)
#   make check-full the long ones: sanitizers, fuzzing, valgrind, both compilers, tshark and tcpflow, real traffic
#   make bench      speed and memory against a bare loop over the same captures
#   make install    program, library, manual, completions (make uninstall); make deb: Debian packages
#
# CC, CFLAGS, LDFLAGS, PREFIX, DESTDIR are honoured; BUILD names the folder for objects; V=1 shows
# whole command lines.

CC ?= cc
AR ?= ar
CFLAGS ?= -O3 -g
PREFIX ?= /usr/local
BUILD ?= build
DESTDIR ?=

WARN = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual \
       -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wformat=2 -Wswitch-enum \
       -Wimplicit-fallthrough
STD = -std=c11 -D_GNU_SOURCE
INCLUDE = -Iinclude -Isrc -Itests
# No test reads the configuration of whoever runs it.
export XDG_CONFIG_HOME = $(abspath $(BUILD))/no-config
# What makes an error harder to use, as far as the compiler has it; HARDEN= goes without. Fortified
# only where optimised and nothing else (a sanitizer) watches the same calls.
can = $(shell printf 'int main(void) { return 0; }\n' | $(CC) -Werror $(1) -x c -o /dev/null - >/dev/null 2>&1 && echo $(1))
HARDEN ?= $(call can,-fPIE -pie) $(call can,-fstack-protector-strong) $(call can,-fstack-clash-protection) \
          $(call can,-Wl$(,)-z$(,)relro$(,)-z$(,)now) $(FORTIFY)
, = ,
FORTIFY = $(if $(findstring sanitize,$(CFLAGS)),,$(if $(filter -O2 -O3 -Os,$(CFLAGS)),-D_FORTIFY_SOURCE=2))
HARDEN := $(HARDEN)
# In the program the engine is optimised as a whole (8 % fewer instructions); its objects hold ordinary code as
# well, so that tests, tools and whoever uses the library link them as they are. LTO= goes without.
LTO ?= $(if $(findstring sanitize,$(CFLAGS)),,$(if $(filter -O2 -O3,$(CFLAGS)),$(call can,-flto=auto -ffat-lto-objects)))
LTO := $(LTO)
ALL_CFLAGS = $(STD) $(WARN) $(INCLUDE) -fvisibility=hidden -MMD -MP $(filter-out -pie -Wl%,$(HARDEN)) $(CPPFLAGS) $(CFLAGS)
LINK_WHOLE = $(CC) $(filter-out -D%,$(HARDEN)) $(LTO) $(CFLAGS) $(LDFLAGS)
LINK = $(LINK_WHOLE) $(if $(LTO),-fno-lto)

# The engine: no I/O, no threads, no globals. Rooms in the order in which data passes them.
ROOMS = base wire flow http exchange link diagnose store engine filter
FRONT = confine source sink view tui app
LIB_SRC = $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c))
APP_SRC = $(foreach r,$(FRONT),$(wildcard src/$(r)/*.c))
LIB_OBJ = $(LIB_SRC:%.c=$(BUILD)/%.o)
APP_OBJ = $(APP_SRC:%.c=$(BUILD)/%.o)
MAIN_OBJ = $(BUILD)/src/app/main.o
APP_LIBS = -lncursesw -ltinfo -lseccomp -lcap-ng -lmd -lpcap -lz -lzstd -llzma -lbz2 -llz4 -larchive -ljansson -lpthread -lm

TEST_SRC = $(sort $(wildcard tests/*/*_test.c))
TEST_BIN = $(TEST_SRC:%.c=$(BUILD)/%)
TEST_COMMON = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/common/*.c))
FUZZ_SRC = $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN = $(FUZZ_SRC:%.c=$(BUILD)/%)
FUZZ_DRIVER = $(BUILD)/tests/fuzz/replay.o
TOOL_SRC = $(wildcard tests/tools/*.c)
TOOL_BIN = $(TOOL_SRC:%.c=$(BUILD)/%)

OUT = $(if $(filter build,$(BUILD)),.,$(BUILD))
PROGRAM = $(OUT)/await100
LIBRARY = $(OUT)/libawait100.a

all: $(PROGRAM) $(LIBRARY)

say = $(if $(V),,@echo "  $(1)	$@";)

$(LIBRARY): $(LIB_OBJ)
	@rm -f $@
	$(call say,AR)$(AR) rcs $@ $^

$(PROGRAM): $(APP_OBJ) $(LIBRARY)
	$(call say,LINK)$(LINK_WHOLE) -o $@ $^ $(APP_LIBS)

$(LIB_OBJ): CFLAGS_HERE = $(LTO)
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(ALL_CFLAGS) $(CFLAGS_HERE) -c -o $@ $<

# A test file is a program: linked with the library, the front rooms but for main, and cmocka.
$(BUILD)/tests/%_test: $(BUILD)/tests/%_test.o $(TEST_COMMON) $(filter-out $(MAIN_OBJ),$(APP_OBJ)) $(LIBRARY)
	$(call say,LINK)$(LINK) -o $@ $^ $(APP_LIBS) -lcmocka

$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o $(TEST_COMMON) $(filter-out $(MAIN_OBJ),$(APP_OBJ)) $(LIBRARY)
	$(call say,LINK)$(LINK) -o $@ $^ $(APP_LIBS)

# A fuzz target is driven by replay.c, or by libFuzzer where FUZZ_DRIVER is empty.
FUZZ_LINKED = $(TEST_COMMON) $(filter-out $(MAIN_OBJ),$(APP_OBJ)) $(LIBRARY)
$(BUILD)/tests/fuzz/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(FUZZ_DRIVER) $(FUZZ_LINKED)
	$(call say,LINK)$(LINK) $(FUZZ_LINK) $(FUZZ_WRAP) -o $@ $^ $(APP_LIBS)
$(BUILD)/tests/fuzz/fuzz_source: FUZZ_WRAP = -Wl,--wrap=read
$(BUILD)/tests/fuzz/seeds: $(BUILD)/tests/fuzz/seeds.o $(FUZZ_LINKED)
	$(call say,LINK)$(LINK) -o $@ $^ $(APP_LIBS)

# Manual and completions, made from the program's own tables.
DIST_OBJ = $(patsubst %.c,$(BUILD)/%.o,$(wildcard src/dist/*.c))
GENERATE = $(BUILD)/src/dist/generate
$(GENERATE): $(DIST_OBJ) $(filter-out $(MAIN_OBJ),$(APP_OBJ)) $(LIBRARY)
	$(call say,LINK)$(LINK) -o $@ $^ $(APP_LIBS)
$(BUILD)/dist/await100.1: $(GENERATE)
	@mkdir -p $(@D)
	$(call say,MAN)$(GENERATE) man >$@
$(BUILD)/dist/completion.%: $(GENERATE)
	@mkdir -p $(@D)
	$(call say,COMPL)$(GENERATE) $* >$@
DIST_FILES = $(BUILD)/dist/await100.1 $(BUILD)/dist/completion.bash $(BUILD)/dist/completion.zsh \
             $(BUILD)/dist/completion.fish
dist-files: $(DIST_FILES)

# --- installing: what is installed stands in one list, so that uninstall knows it ---

LIBDIR ?= $(PREFIX)/lib
SHARE = $(PREFIX)/share
PC = $(BUILD)/dist/libawait100.pc
$(PC): src/dist/libawait100.pc.in src/app/version.h
	@mkdir -p $(@D)
	$(call say,PC)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	    -e "s|@VERSION@|$$(sed -n 's/^.define AW_VERSION "\(.*\)"/\1/p' src/app/version.h)|" $< >$@
.PHONY: $(PC)

# from=to, one word each
INSTALLED = $(PROGRAM)=$(PREFIX)/bin/await100 $(LIBRARY)=$(LIBDIR)/libawait100.a \
            $(foreach h,$(wildcard include/*.h include/await100/*),$(h)=$(PREFIX)/$(h)) \
            $(PC)=$(LIBDIR)/pkgconfig/libawait100.pc \
            $(BUILD)/dist/await100.1=$(SHARE)/man/man1/await100.1 \
            $(BUILD)/dist/completion.bash=$(SHARE)/bash-completion/completions/await100 \
            $(BUILD)/dist/completion.zsh=$(SHARE)/zsh/site-functions/_await100 \
            $(BUILD)/dist/completion.fish=$(SHARE)/fish/vendor_completions.d/await100.fish \
            $(foreach s,$(wildcard src/dist/schema/*),$(s)=$(SHARE)/await100/schema/$(notdir $(s))) \
            $(foreach e,$(wildcard src/dist/example/*),$(e)=$(SHARE)/doc/await100/examples/$(notdir $(e))) \
            README.md=$(SHARE)/doc/await100/README.md LICENSE=$(SHARE)/doc/await100/LICENSE

install: all $(DIST_FILES) $(PC)
	@for pair in $(INSTALLED); do \
	    mode=644; case $$pair in */bin/*) mode=755 ;; esac; \
	    install -D -m $$mode "$${pair%%=*}" "$(DESTDIR)$${pair#*=}" || exit 1; \
	done
	@echo "installed below $(DESTDIR)$(PREFIX)"

# Folders that it leaves empty go as well, those of the system are never empty.
uninstall:
	@for pair in $(INSTALLED); do \
	    rm -f "$(DESTDIR)$${pair#*=}" || exit 1; \
	done
	@for dir in $(PREFIX)/include/await100 $(SHARE)/await100/schema $(SHARE)/await100 \
	    $(SHARE)/doc/await100/examples $(SHARE)/doc/await100; do \
	    rmdir "$(DESTDIR)$$dir" 2>/dev/null || :; \
	done

deb:
	sh src/dist/deb.sh $(BUILD)/deb

tools: $(TOOL_BIN)
tests: $(TEST_BIN)

# --- set-up: only where something is missing ---

HEADERS = archive.h ncurses.h seccomp.h cap-ng.h pcap/pcap.h zlib.h zstd.h lzma.h bzlib.h lz4frame.h jansson.h xxhash.h sha1.h
CHECK_HEADERS = $(HEADERS) setjmp.h stdarg.h stddef.h stdint.h cmocka.h
have = $(shell printf '\043include <%s>\n' $(1) | $(CC) -E -x c - >/dev/null 2>&1 && echo yes)

deps:
	sh src/dist/deps.sh build
deps-full:
	sh src/dist/deps.sh full
need-build:
	@$(if $(call have,$(HEADERS)),:,$(MAKE) --no-print-directory deps)
need-check:
	@$(if $(call have,$(CHECK_HEADERS)),:,$(MAKE) --no-print-directory deps)

# --- use ---

demo: need-build
	@$(MAKE) --no-print-directory all
	sh tests/demo.sh ./await100

# --- test ---

check: need-check
	@$(MAKE) --no-print-directory all tests tools
	sh tests/structure.sh $(LIBRARY)
	sh tests/manifest.sh
	@$(MAKE) --no-print-directory $(GENERATE)
	sh tests/readme.sh $(GENERATE)
	sh tests/run.sh $(TEST_BIN)
	@$(MAKE) --no-print-directory replay
	@$(if $(strip $(HARDEN)),sh tests/hardened.sh $(PROGRAM) $(if $(FORTIFY),fortified))
	sh tests/confine.sh $(PROGRAM)
	sh tests/save.sh $(PROGRAM)
	sh tests/texts.sh $(PROGRAM)
	@$(MAKE) --no-print-directory check-fault FAULT_EVERY=60
	sh tests/bundle/check.sh $(PROGRAM) $(BUILD)/tests/tools
	@if command -v python3 >/dev/null; then python3 tests/align/check.py $(PROGRAM); else echo "align: skipped: no python3"; fi
	$(BUILD)/tests/tools/golden --program $(PROGRAM)
	@CC='$(CC)' CFLAGS='$(CFLAGS)' sh tests/bench/instructions.sh $(PROGRAM) $(BUILD)/tests/tools

check-instructions: all tools
	@CC='$(CC)' CFLAGS='$(CFLAGS)' sh tests/bench/instructions.sh $(PROGRAM) $(BUILD)/tests/tools

# What fixed captures take, recorded anew.
instructions: all tools
	CC='$(CC)' CFLAGS='$(CFLAGS)' sh tests/bench/instructions.sh $(PROGRAM) $(BUILD)/tests/tools record

# The same tests under the sanitizers, in folders of their own. At its end the search for leaks
# traces the process, which the sandbox forbids: so leaks are looked for without the sandbox, and the
# sandbox is tested without that search.
SANITIZE = -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
sanitize:
	$(MAKE) --no-print-directory BUILD=build-asan CFLAGS='$(SANITIZE)' all tests tools
	sh tests/run.sh $(TEST_SRC:%.c=build-asan/%)
	$(MAKE) --no-print-directory BUILD=build-asan CFLAGS='$(SANITIZE)' replay
	ASAN_OPTIONS=detect_leaks=0 sh tests/confine.sh build-asan/await100
	build-asan/tests/tools/golden --program build-asan/await100 --with --no-sandbox

sanitize-thread:
	$(MAKE) --no-print-directory BUILD=build-tsan CFLAGS='-O1 -g -fsanitize=thread' all tools
	sh tests/threads.sh build-tsan/await100

# The kept inputs of the fuzz targets once more, and new ones looked for: TIME seconds each target.
replay: $(FUZZ_BIN)
	sh tests/fuzz/replay.sh $(FUZZ_BIN)
TIME ?= 60
FUZZ_FLAGS = -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
fuzz-build:
	$(MAKE) --no-print-directory BUILD=build-fuzz CC=clang CFLAGS='$(FUZZ_FLAGS)' FUZZ_DRIVER= \
	    FUZZ_LINK=-fsanitize=fuzzer $(FUZZ_SRC:%.c=build-fuzz/%) build-fuzz/tests/fuzz/seeds build-fuzz/await100
fuzz-clang = $(shell printf 'int LLVMFuzzerTestOneInput(void) { return 0; }\n' | clang -fsanitize=fuzzer -x c -o /dev/null - >/dev/null 2>&1 && echo yes)
fuzz:
	@$(if $(fuzz-clang),$(MAKE) --no-print-directory fuzz-run,echo "fuzz: skipped: no clang with the runtime of its fuzzer")
fuzz-run: fuzz-build
	TIME=$(TIME) sh tests/fuzz/fuzz.sh build-fuzz/tests/fuzz $(FUZZ_SRC:tests/fuzz/fuzz_%.c=%)
# The whole program on captures, by AFL++.
fuzz-afl: fuzz-build
	AFL_USE_ASAN=1 AFL_USE_UBSAN=1 $(MAKE) --no-print-directory BUILD=build-afl CC=afl-clang-fast CFLAGS='-O1 -g' all
	TIME=$(TIME) sh tests/fuzz/afl.sh build-afl build-fuzz/tests/fuzz

# No warning from either compiler.
warnings:
	$(MAKE) --no-print-directory BUILD=build-gcc CC=gcc CFLAGS='-O3 -Werror' all tests tools
	$(MAKE) --no-print-directory BUILD=build-clang CC=clang CFLAGS='-O3 -Werror' all tests tools

# What can be found without running: clang-tidy (.clang-tidy says which checks), cppcheck, and gcc's
# analyzer without the four kinds in which that of gcc 12 is wrong about this code each time: it
# takes a member set through a pointer for unset, and what a table or a queue keeps for lost.
LINT_SRC = $(filter-out src/dist/%,$(wildcard src/*/*.c))
ANALYZE = -O1 -fanalyzer -Werror -Wno-analyzer-malloc-leak -Wno-analyzer-null-dereference \
          -Wno-analyzer-null-argument -Wno-analyzer-use-of-uninitialized-value
lint:
	@echo "lint: cppcheck, clang-tidy, gcc -fanalyzer"
	@cppcheck -j2 -q --std=c11 --enable=warning,portability --inline-suppr --error-exitcode=1 -Iinclude -Isrc src
	@printf "%s\n" $(LINT_SRC) | xargs -P 2 -n 8 sh -c 'clang-tidy --quiet "$$@" -- $(STD) -Iinclude -Isrc 2>/dev/null' lint
	$(MAKE) --no-print-directory -j2 BUILD=build-analyzer CC=gcc CFLAGS='$(ANALYZE)' all

format-check:
	clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')

# Floods, bombs and other attacks on memory and time, honest connections among them.
check-attack: all tools
	/usr/bin/python3 tests/attack/check.py $(PROGRAM) $(BUILD)/tests/tools

# Each allocation, read, write and other call failing in turn; FAULT_EVERY=1: all of them.
FAULT_LIB = $(BUILD)/tests/fault/fault.so
FAULT_EVERY ?= 5
$(FAULT_LIB): tests/fault/fault.c
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(STD) $(WARN) -O1 -g -fPIC -fno-builtin -fno-strict-aliasing -ftls-model=initial-exec -fvisibility=hidden -shared -o $@ $<

check-fault: all $(FAULT_LIB)
	sh tests/fault/check.sh $(PROGRAM) $(FAULT_LIB) --every $(FAULT_EVERY)

# The same with a sanitizer looking on: for gcc, whose sanitizer is a library that can be preloaded.
check-fault-sanitized:
	$(MAKE) --no-print-directory BUILD=build-asan CC=gcc CFLAGS='$(SANITIZE)' all build-asan/tests/fault/fault.so
	sh tests/fault/check.sh build-asan/await100 build-asan/tests/fault/fault.so --every $(FAULT_EVERY)

# Small changes to the decision table and the reassembly, each of which a test has to catch (many
# minutes; what was found stands in tests/mutate/LOG.md).
MUTANTS ?= 210
mutate: all tests tools
	/usr/bin/python3 tests/mutate/mutate.py --count $(MUTANTS)

check-differential: all tools
	sh tests/differential/run.sh --program $(PROGRAM)

# With Debian's python3, which has the parser of the Prometheus project.
check-bundle: all tools
	sh tests/bundle/check.sh $(PROGRAM) $(BUILD)/tests/tools all

check-metrics: all
	/usr/bin/python3 tests/metrics.py $(PROGRAM) pcaps/*.pcap*

check-valgrind: all tools
	sh tests/valgrind.sh $(PROGRAM)

check-save: all
	sh tests/save.sh $(PROGRAM) all

# The dashboard in tmux, on captures and on a live namespace.
check-tui: all tools
	bash tests/tui/check.sh $(PROGRAM) $(BUILD)/tests/tools

check-lab: all tools
	sh tests/lab/check.sh $(PROGRAM) $(BUILD)/tests/tools

# README.md to the letter, on a clean checkout: what is committed.
check-readme: $(GENERATE)
	sh tests/readme.sh $(GENERATE) all

check-reports: all tools
	sh tests/reports/check.sh $(PROGRAM) $(BUILD)/tests/tools

check-dist: all dist-files
	MAKE='$(MAKE)' CC='$(CC)' sh tests/dist.sh $(PROGRAM) $(BUILD)

# Live capture against real traffic in network namespaces (root).
check-live: all
	bash tests/live/check.sh $(PROGRAM)

check-full:
	@$(MAKE) --no-print-directory deps-full
	@$(MAKE) --no-print-directory warnings format-check lint
	@$(MAKE) --no-print-directory sanitize sanitize-thread
	@GATE=memory $(MAKE) --no-print-directory fuzz
	@$(MAKE) --no-print-directory check-instructions check-valgrind check-attack check-fault check-differential check-metrics check-bundle check-reports check-readme check-dist check-save check-tui check-lab check-live

# Records pcaps/ anew, with every client, server and proxy that Debian has (root; installs them), and
# tries on them what src/diagnose/agents.def claims.
lab: all tools
	sh tests/lab/deps.sh
	bash tests/lab/lab.sh --all pcaps
	bash tests/lab/claims.sh --all $(PROGRAM)

bench: all tools
	AWAIT100=$(PROGRAM) TOOLS=$(BUILD)/tests/tools sh tests/bench/run.sh
	AWAIT100=$(PROGRAM) TOOLS=$(BUILD)/tests/tools sh tests/bench/scale.sh
	bash tests/bench/live.sh $(PROGRAM) $${BENCH_DIR:-$(BUILD)/bench}/uploads-$${UPLOADS_MB:-800}.pcap
	/usr/bin/python3 tests/bench/dash.py $(PROGRAM) $${BENCH_DIR:-$(BUILD)/bench}/flows-$${FLOWS:-400000}.pcap
	AWAIT100=$(PROGRAM) TOOLS=$(BUILD)/tests/tools bash tests/bench/soak.sh

# What of src/ the tests go through (root, for live capture; gcovr).
coverage:
	$(MAKE) --no-print-directory BUILD=build-cov CFLAGS='-O0 -g --coverage -fprofile-update=atomic' LDFLAGS=--coverage HARDEN= \
	    all tests tools $(FUZZ_SRC:%.c=build-cov/%) build-cov/tests/fault/fault.so
	sh tests/coverage.sh build-cov $(TEST_SRC:%.c=build-cov/%)

# An hour of honest clients beside an attacker on the same wire, captured live (root).
soak: all
	bash tests/live/soak.sh $(PROGRAM)

clean:
	rm -rf build build-* await100 libawait100.a

.PHONY: all install uninstall deb dist-files tools tests deps deps-full need-build need-check demo check check-instructions instructions sanitize sanitize-thread \
        warnings lint format-check check-differential check-metrics check-bundle check-reports check-readme check-dist check-save check-tui check-valgrind check-lab check-live check-full lab bench soak coverage clean \
        replay fuzz fuzz-run fuzz-build fuzz-afl check-attack check-fault check-fault-sanitized mutate
.SECONDARY:
-include $(LIB_OBJ:.o=.d) $(APP_OBJ:.o=.d) $(TEST_COMMON:.o=.d) $(TEST_BIN:=.d) $(TOOL_BIN:=.d) $(FUZZ_BIN:=.d) $(DIST_OBJ:.o=.d)
