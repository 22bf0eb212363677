/* The version and its day, once. */
#ifndef AW_APP_VERSION_H
#define AW_APP_VERSION_H

#define AW_VERSION "0.1.0"
#define AW_DATE    "November 22, 2026"

#endif
