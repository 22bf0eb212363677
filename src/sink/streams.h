/*
 * The reassembled directions of connections as files (--streams DIR): `<connection>-c.bin` holds
 * what the client sent, `<connection>-s.bin` what the server sent, <connection> being connection.id
 * of the records. DIR/index.tsv lists them: connection, client, server, direction (c or s), file,
 * bytes, holes. `holes` is "-" or a list "offset+length,..." of stretches that were not captured
 * and are left out of the file ("..." where the list was cut); offsets count from the first byte of
 * the direction, holes included, and are below 0 for bytes sent before the capture began.
 *
 * The two callbacks have to come from one thread at a time (the program uses one engine here).
 */
#ifndef AW_SINK_STREAMS_H
#define AW_SINK_STREAMS_H

#include "await100/engine.h"

struct aw_streams;
struct aw_folder;

/* Makes `dir` where it is missing; files of an earlier run are replaced, links never followed. On
 * failure NULL and a line in err. */
struct aw_streams *aw_streams_open(const char *dir, char *err, size_t err_size);
/* The folders in which files are made, for the keeper; borrowed. */
void aw_streams_folders(const struct aw_streams *s, struct aw_folder *to[2]);
/* For struct aw_tap.stream; ctx is the aw_streams. */
void aw_streams_piece(void *ctx, const struct aw_conn_facts *conn,
                      const struct aw_stream_piece *piece);
/* For struct aw_sink.connection, before or after the pieces; ctx is the aw_streams. */
void aw_streams_connection(void *ctx, uint64_t id, uint64_t ord);
/* Completes the files and the index, frees. Returns 0, or the errno of the first failure with a
 * line in err. */
int aw_streams_finish(struct aw_streams *s, char *err, size_t err_size);

#endif
