/* The version, once. */
#ifndef AW_APP_VERSION_H
#define AW_APP_VERSION_H

#define AW_VERSION "0.1.0"

#endif
