/* await100: why "Expect: 100-continue" handshakes fail, from captured packets. Umbrella header. */
#ifndef AWAIT100_H
#define AWAIT100_H

#include "await100/types.h"
#include "await100/packet.h"
#include "await100/record.h"
#include "await100/engine.h"
#include "await100/summary.h"
#include "await100/rows.h"
#include "await100/explain.h"
#include "await100/filter.h"

#endif
