# await100: build, test, measure.
#
#   make            the program ./await100 and the library ./libawait100.a
#   make demo       install what is missing, build, run on the captures in pcaps/
#   make check      install what is missing, build, run the tests (minutes)
#   make check-full the long ones: sanitizers, valgrind, both compilers, tshark and tcpflow
#
# CC, CFLAGS, LDFLAGS, PREFIX, DESTDIR are honoured; BUILD names the folder for objects.

CC ?= cc
AR ?= ar
CFLAGS ?= -O2 -g
PREFIX ?= /usr/local
BUILD ?= build
DESTDIR ?=

WARN = -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wcast-qual \
       -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wformat=2 -Wswitch-enum \
       -Wimplicit-fallthrough
STD = -std=c11 -D_GNU_SOURCE
INCLUDE = -Iinclude -Isrc
ALL_CFLAGS = $(STD) $(WARN) $(INCLUDE) -fvisibility=hidden -MMD -MP $(CPPFLAGS) $(CFLAGS)

# The engine: no I/O, no threads, no globals. Rooms in the order in which data passes them.
ROOMS = base wire flow http exchange link diagnose store engine
FRONT = source sink app
LIB_SRC = $(foreach r,$(ROOMS),$(wildcard src/$(r)/*.c))
APP_SRC = $(foreach r,$(FRONT),$(wildcard src/$(r)/*.c))
LIB_OBJ = $(LIB_SRC:%.c=$(BUILD)/%.o)
APP_OBJ = $(APP_SRC:%.c=$(BUILD)/%.o)
MAIN_OBJ = $(BUILD)/src/app/main.o
LIB_LIBS = -lmd
APP_LIBS = -lpcap -larchive -ljansson -lpthread

TEST_SRC = $(sort $(wildcard tests/*/*_test.c))
TEST_BIN = $(TEST_SRC:%.c=$(BUILD)/%)
TEST_COMMON = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/common/*.c))
TOOL_SRC = $(wildcard tests/tools/*.c)
TOOL_BIN = $(TOOL_SRC:%.c=$(BUILD)/%)

OUT = $(if $(filter build,$(BUILD)),.,$(BUILD))
PROGRAM = $(OUT)/await100
LIBRARY = $(OUT)/libawait100.a

all: $(PROGRAM) $(LIBRARY)

$(LIBRARY): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(PROGRAM): $(APP_OBJ) $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(APP_LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

# A test file is a program: linked with the library, the front rooms but for main, and cmocka.
$(BUILD)/tests/%_test: $(BUILD)/tests/%_test.o $(TEST_COMMON) $(filter-out $(MAIN_OBJ),$(APP_OBJ)) $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(APP_LIBS) -lcmocka

$(BUILD)/tests/tools/%: $(BUILD)/tests/tools/%.o $(TEST_COMMON) $(filter-out $(MAIN_OBJ),$(APP_OBJ)) $(LIBRARY)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(APP_LIBS)

tools: $(TOOL_BIN)
tests: $(TEST_BIN)

clean:
	rm -rf build build-* await100 libawait100.a

.PHONY: all tools tests clean
.SECONDARY:
-include $(LIB_OBJ:.o=.d) $(APP_OBJ:.o=.d) $(TEST_BIN:=.d) $(TOOL_BIN:=.d)
