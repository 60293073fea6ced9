// Everyday work through pgjdbc: `Jdbc.java URL everyday|guarded`, one line per result.
import java.io.ByteArrayOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.StringReader;
import java.math.BigDecimal;
import java.net.URI;
import java.security.MessageDigest;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;
import org.postgresql.PGStatement;
import org.postgresql.copy.CopyManager;

public class Jdbc {
  interface Work {
    void run() throws Exception;
  }

  static void say(String name, Object value) {
    System.out.println(name + " " + value);
  }

  static String digest(byte[] data) throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(data);
    return data.length + ":" + HexFormat.of().formatHex(hash, 0, 8);
  }

  /** What the server says to work that fails. */
  static String failure(Work work) {
    try {
      work.run();
      return "no error";
    } catch (SQLException error) {
      return error.getSQLState() + " " + error.getMessage().replace('\n', '|');
    } catch (Exception error) {
      return error.toString();
    }
  }

  static String cell(Object value) throws Exception {
    if (value instanceof byte[] bytes) return HexFormat.of().formatHex(bytes);
    if (value instanceof java.sql.Array array) return Arrays.toString((Object[]) array.getArray());
    return String.valueOf(value);
  }

  static List<List<String>> rows(ResultSet result) throws Exception {
    List<List<String>> rows = new ArrayList<>();
    int width = result.getMetaData().getColumnCount();
    while (result.next()) {
      List<String> row = new ArrayList<>();
      for (int i = 1; i <= width; i++) row.add(cell(result.getObject(i)));
      rows.add(row);
    }
    return rows;
  }

  static List<List<String>> query(Connection connection, String text, Object... values) throws Exception {
    try (PreparedStatement statement = connection.prepareStatement(text)) {
      for (int i = 0; i < values.length; i++) statement.setObject(i + 1, values[i]);
      return rows(statement.executeQuery());
    }
  }

  static int update(Connection connection, String text) throws Exception {
    try (Statement statement = connection.createStatement()) {
      return statement.executeUpdate(text);
    }
  }

  static void queries(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      say("simple", rows(statement.executeQuery("SELECT id, label FROM measures ORDER BY id LIMIT 3")));
      List<Object> results = new ArrayList<>();
      boolean more = statement.execute("SELECT 1; UPDATE measures SET label = label WHERE id = 1; SELECT 3");
      while (true) {
        if (more) results.add(rows(statement.getResultSet()));
        else if (statement.getUpdateCount() == -1) break;
        else results.add(statement.getUpdateCount());
        more = statement.getMoreResults();
      }
      say("several statements", results);
    }
    // Prepared from the first time on, so the second and later answers come in binary.
    try (PreparedStatement statement = connection.prepareStatement("SELECT * FROM measures WHERE id >= ? ORDER BY id LIMIT 5")) {
      say("metadata", statement.getMetaData().getColumnTypeName(4) + " " + statement.getParameterMetaData().getParameterTypeName(1));
      for (int i = 0; i < 4; i++) {
        statement.setInt(1, 994 + i);
        say("prepared", rows(statement.executeQuery()));
      }
      say("on the server", statement.unwrap(PGStatement.class).isUseServerPrepare());
    }
    say("nulls", query(connection, "SELECT ?::text, NULL::jsonb, ?::int", null, null));
    java.sql.Array tags = connection.createArrayOf("text", new String[] {null, "a,b", "\"ü"});
    say("types", query(connection, "SELECT ?::text[], ?::numeric, ?::bytea, ?::jsonb, ?::timestamptz", tags, new BigDecimal("12345678901234.5678"),
        new byte[] {0, 1, -1}, "{\"a\": [1, null]}", Timestamp.valueOf("2024-02-29 12:34:56.789")));
    String big = "é".repeat(524288);
    say("1 MB", digest(query(connection, "SELECT ?::text", big).get(0).get(0).getBytes("UTF-8")));
    List<List<String>> many = query(connection, "SELECT i, 'row ' || i FROM generate_series(1, 100000) i");
    say("100k rows", many.size() + " " + many.get(99999));
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO incoming VALUES (?, ?)")) {
      for (int i = 0; i < 1000; i++) {
        insert.setInt(1, i);
        insert.setString(2, i % 7 == 0 ? null : "x" + i);
        insert.addBatch();
      }
      say("batch", Arrays.stream(insert.executeBatch()).sum());
    }
    say("deleted", update(connection, "DELETE FROM incoming WHERE id >= 0"));
    try (ResultSet columns = connection.getMetaData().getColumns(null, "public", "measures", "%")) {
      List<String> names = new ArrayList<>();
      while (columns.next()) names.add(columns.getString("COLUMN_NAME") + ":" + columns.getString("TYPE_NAME"));
      say("catalog", names);
    }
  }

  static void transactions(Connection connection) throws Exception {
    connection.setAutoCommit(false);
    say("update", update(connection, "UPDATE measures SET label = 'changed' WHERE id = 1"));
    say("division", failure(() -> query(connection, "SELECT 1 / ?", 0)));
    say("aborted", failure(() -> query(connection, "SELECT 1")));
    connection.rollback();
    say("recovered", query(connection, "SELECT label FROM measures WHERE id = ?", 1));
    Savepoint here = connection.setSavepoint("here");
    say("unknown column", failure(() -> query(connection, "SELECT nothing FROM measures")));
    connection.rollback(here);
    say("after savepoint", query(connection, "SELECT 5"));
    connection.commit();
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO incoming VALUES (?, 'x')")) {
      for (Integer id : new Integer[] {1, null, 3}) {
        insert.setObject(1, id, Types.INTEGER);
        insert.addBatch();
      }
      say("batch with an error", failure(insert::executeBatch));
    }
    connection.rollback();
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(10);
      ResultSet result = statement.executeQuery("SELECT id, label FROM measures ORDER BY id LIMIT 95");
      say("in portions", rows(result).size());
    }
    try (PreparedStatement statement = connection.prepareStatement("SELECT id FROM measures WHERE id > ? ORDER BY id")) {
      statement.setFetchSize(10);
      statement.setInt(1, 3);
      ResultSet given = statement.executeQuery();
      for (int i = 0; i < 25; i++) given.next();
      say("given up in the middle", given.getInt(1));
    }
    connection.commit();
    connection.setAutoCommit(true);
  }

  static void copies(Connection connection) throws Exception {
    CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 5000; i++) text.append(i).append('\t').append(i % 7 == 0 ? "\\N" : "ü" + i).append('\n');
    say("copied in", copy.copyIn("COPY incoming FROM STDIN", new StringReader(text.toString())));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long count = copy.copyOut("COPY (SELECT * FROM incoming ORDER BY id) TO STDOUT (FORMAT csv)", out);
    say("copied out", count + " " + digest(out.toByteArray()));
    out.reset();
    copy.copyOut("COPY (SELECT * FROM measures ORDER BY id) TO STDOUT (FORMAT binary)", out);
    say("copied out, binary", digest(out.toByteArray()));
    say("bad copy", failure(() -> copy.copyIn("COPY incoming FROM STDIN", new StringReader("one\ttwo\n"))));
    say("deleted", update(connection, "DELETE FROM incoming WHERE id >= 0"));
  }

  static void signals(Connection connection) throws Exception {
    try (Statement statement = connection.createStatement()) {
      statement.execute("DROP TABLE IF EXISTS nowhere_to_be_found");
      SQLWarning warning = statement.getWarnings();
      say("notice", warning.getSQLState() + " " + warning.getMessage());
      statement.execute("LISTEN bell");
      statement.execute("NOTIFY bell, 'ring'");
      var heard = connection.unwrap(PGConnection.class).getNotifications(5000);
      say("notified", heard[0].getName() + " " + heard[0].getParameter());
      Timer timer = new Timer(true);
      timer.schedule(new TimerTask() {
        public void run() {
          try {
            statement.cancel();
          } catch (SQLException error) {
            say("cancel failed", error);
          }
        }
      }, 400);
      long started = System.nanoTime();
      String said = failure(() -> statement.execute("SELECT pg_sleep(20)"));
      say("cancelled", said + " " + (System.nanoTime() - started < 10_000_000_000L));
      statement.setQueryTimeout(1);
      say("timed out", failure(() -> statement.execute("SELECT pg_sleep(20)")));
    }
    say("after cancel", query(connection, "SELECT 1"));
  }

  static void guarded(Connection connection) throws Exception {
    // Twice: the second time the prepared statement is reused, with binary answers.
    try (PreparedStatement statement = connection.prepareStatement("SELECT email FROM customers WHERE id = ?")) {
      statement.setInt(1, 1);
      say("email", rows(statement.executeQuery()));
      say("email, prepared", rows(statement.executeQuery()));
    }
    say("drop", failure(() -> update(connection, "DROP TABLE customers")).substring(0, 5));
    connection.setAutoCommit(false);
    say("drop, in a transaction", failure(() -> update(connection, "DROP TABLE customers")).substring(0, 5));
    connection.rollback();
    say("after", query(connection, "SELECT count(*) FROM orders WHERE id <= ?", 10));
  }

  public static void main(String[] arguments) throws Exception {
    System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8"));
    URI url = new URI(arguments[0]);
    String[] account = url.getUserInfo().split(":");
    Properties properties = new Properties();
    properties.setProperty("user", account[0]);
    properties.setProperty("password", account[1]);
    properties.setProperty("prepareThreshold", "1");
    String address = "jdbc:postgresql://" + url.getHost() + ":" + url.getPort() + url.getPath();
    try (Connection connection = DriverManager.getConnection(address, properties)) {
      if (arguments[1].equals("guarded")) {
        guarded(connection);
        return;
      }
      queries(connection);
      transactions(connection);
      copies(connection);
      signals(connection);
    }
    properties.setProperty("preferQueryMode", "simple");
    try (Connection connection = DriverManager.getConnection(address, properties)) {
      say("simple mode", query(connection, "SELECT id, tags FROM measures WHERE id = ?", 3));
    }
  }
}
