#ifndef BOREAS_CINSERTS_H
#define BOREAS_CINSERTS_H

/// Runs one INSERT statement `rows` times, as a plain C program would: prepared once, every parameter bound each time,
/// `rows_per_transaction` rows to a transaction, in the file's own journal mode with synchronous = NORMAL.
///
/// `types` has a letter for each parameter: `i` binds the row's number, `t` a text of 12 bytes, `n` NULL.
/// Returns the seconds it took, or -1, with SQLite's words in `error`.
double boreas_insert_rows(const char *path, const char *sql, const char *types, int rows, int rows_per_transaction,
                          char *error, int error_size);

#endif
