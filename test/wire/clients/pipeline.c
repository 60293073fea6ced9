/* Pipelines, single rows and cancelling through libpq: `pipeline URL everyday|guarded`, one line per result. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void stop(PGconn *conn, const char *what) {
  fprintf(stderr, "%s: %s\n", what, PQerrorMessage(conn));
  exit(1);
}

static void print_result(const char *name, PGresult *result) {
  const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  printf("%s %s %s", name, PQresStatus(PQresultStatus(result)), PQcmdStatus(result));
  if (state) printf(" %s %s", state, PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY));
  for (int row = 0; row < PQntuples(result); row++)
    for (int column = 0; column < PQnfields(result); column++)
      printf(" %s=%s", PQfname(result, column), PQgetisnull(result, row, column) ? "NULL" : PQgetvalue(result, row, column));
  printf("\n");
  fflush(stdout);
}

/* Prints results up to `syncs` synchronisation points. */
static void drain(PGconn *conn, const char *name, int syncs) {
  int nulls = 0;
  while (syncs > 0) {
    PGresult *result = PQgetResult(conn);
    if (!result) { /* the end of one statement's results; twice in a row means that nothing is under way */
      if (++nulls > 1) stop(conn, "the pipeline ended early");
      continue;
    }
    nulls = 0;
    print_result(name, result);
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) syncs--;
    PQclear(result);
  }
}

static void send(PGconn *conn, const char *text, const char *value) {
  if (!PQsendQueryParams(conn, text, value ? 1 : 0, NULL, value ? &value : NULL, NULL, NULL, 0)) stop(conn, text);
}

static void ask(PGconn *conn, const char *name, const char *text) {
  PGresult *result = PQexec(conn, text);
  print_result(name, result);
  PQclear(result);
}

static void pipelines(PGconn *conn) {
  if (!PQenterPipelineMode(conn)) stop(conn, "enter");
  if (!PQsendPrepare(conn, "pick", "SELECT id, label FROM measures WHERE id = $1::int", 1, NULL)) stop(conn, "prepare");
  for (int i = 1; i <= 40; i++) {
    char id[12];
    const char *values[1] = {id};
    snprintf(id, sizeof id, "%d", i);
    if (!PQsendQueryPrepared(conn, "pick", 1, values, NULL, NULL, 0)) stop(conn, "execute");
  }
  if (!PQsendDescribePrepared(conn, "pick")) stop(conn, "describe");
  PQpipelineSync(conn);
  drain(conn, "many", 1);

  send(conn, "INSERT INTO incoming VALUES ($1::int, 'undone')", "1");
  send(conn, "SELECT 1 / $1::int", "0");
  send(conn, "SELECT 'skipped'", NULL);
  PQpipelineSync(conn);
  send(conn, "SELECT count(*) FROM incoming", NULL);
  PQpipelineSync(conn);
  drain(conn, "error in the middle", 2);

  send(conn, "BEGIN", NULL);
  send(conn, "SELECT nothing FROM measures", NULL);
  PQpipelineSync(conn);
  send(conn, "SELECT 'still failed'", NULL);
  PQpipelineSync(conn);
  send(conn, "ROLLBACK", NULL);
  send(conn, "SELECT $1::text", "recovered");
  PQpipelineSync(conn);
  drain(conn, "transaction", 3);

  /* Answers before the synchronisation point, at the client's asking. */
  send(conn, "SELECT $1::text AS early", "flushed");
  PQsendFlushRequest(conn);
  PQflush(conn);
  PGresult *early = PQgetResult(conn);
  print_result("flush", early);
  PQclear(early);
  PQpipelineSync(conn);
  drain(conn, "flush", 1);
  if (!PQexitPipelineMode(conn)) stop(conn, "exit");
}

static void single_rows(PGconn *conn) {
  long rows = 0, bytes = 0;
  if (!PQsendQueryParams(conn, "SELECT i, 'row ' || i FROM generate_series(1, 100000) i", 0, NULL, NULL, NULL, NULL, 1)) stop(conn, "send");
  PQsetSingleRowMode(conn);
  for (PGresult *result; (result = PQgetResult(conn)); PQclear(result))
    if (PQntuples(result)) {
      rows++;
      bytes += PQgetlength(result, 0, 1);
    }
  printf("single rows %ld %ld\n", rows, bytes);
}

static void cancels(PGconn *conn) {
  char said[256];
  PGcancel *cancel = PQgetCancel(conn);
  if (!PQsendQuery(conn, "SELECT pg_sleep(20)")) stop(conn, "sleep");
  usleep(400000);
  printf("cancel sent %d\n", PQcancel(cancel, said, sizeof said));
  PQfreeCancel(cancel);
  for (PGresult *result; (result = PQgetResult(conn)); PQclear(result)) print_result("cancelled", result);
  ask(conn, "after cancel", "SELECT 1 AS one");
  ask(conn, "several statements", "SELECT 1; SELECT 2 AS two");
}

static void guarded(PGconn *conn) {
  ask(conn, "email", "SELECT email FROM customers WHERE id = 1");
  ask(conn, "drop", "DROP TABLE customers");
  if (!PQenterPipelineMode(conn)) stop(conn, "enter");
  send(conn, "SELECT email FROM customers WHERE id = $1::int", "1");
  send(conn, "DROP TABLE customers", NULL);
  send(conn, "SELECT 'skipped'", NULL);
  PQpipelineSync(conn);
  send(conn, "SELECT email FROM customers WHERE id = $1::int", "1");
  PQpipelineSync(conn);
  drain(conn, "pipeline", 2);
  PQexitPipelineMode(conn);
  ask(conn, "after", "SELECT count(*) FROM orders WHERE id <= 10");
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  PGconn *conn = PQconnectdb(arguments[1]);
  if (PQstatus(conn) != CONNECTION_OK) stop(conn, "connect");
  if (strcmp(arguments[2], "guarded") == 0) {
    guarded(conn);
  } else {
    pipelines(conn);
    single_rows(conn);
    cancels(conn);
  }
  PQfinish(conn);
  return 0;
}
