#include "CInserts.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int insert_all(sqlite3 *db, sqlite3_stmt *statement, const char *types, int rows, int rows_per_transaction) {
    int parameters = (int)strlen(types);
    for (int row = 0; row < rows; row++) {
        if (row % rows_per_transaction == 0 && sqlite3_exec(db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK) return 0;
        for (int index = 0; index < parameters; index++) {
            if (types[index] == 'i') sqlite3_bind_int64(statement, index + 1, row);
            if (types[index] == 't') sqlite3_bind_text(statement, index + 1, "twelve bytes", 12, SQLITE_STATIC);
            if (types[index] == 'n') sqlite3_bind_null(statement, index + 1);
        }
        if (sqlite3_step(statement) != SQLITE_DONE) return 0;
        sqlite3_reset(statement);
        int is_last = row % rows_per_transaction == rows_per_transaction - 1 || row == rows - 1;
        if (is_last && sqlite3_exec(db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) return 0;
    }
    return 1;
}

double boreas_insert_rows(const char *path, const char *sql, const char *types, int rows, int rows_per_transaction,
                          char *error, int error_size) {
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    double elapsed = -1;
    // One thread has the connection to itself, so that it needs no lock around each call.
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
        sqlite3_exec(db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK) {
        double start = seconds_now();
        if (insert_all(db, statement, types, rows, rows_per_transaction)) elapsed = seconds_now() - start;
    }
    if (elapsed < 0) snprintf(error, (size_t)error_size, "%s", sqlite3_errmsg(db));
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return elapsed;
}
