// A program over protected data through pgjdbc: `Work.java URL`, one line per result.
import java.net.URI;
import java.sql.*;
import java.util.*;

public class Work {
  static Connection connection;

  static void say(String name, Object value) {
    System.out.println(name + " " + value);
  }

  static void check(boolean holds, String what) {
    if (!holds) throw new AssertionError(what);
  }

  static List<List<String>> ask(String text, Object... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(text)) {
      for (int i = 0; i < values.length; i++) statement.setObject(i + 1, values[i]);
      List<List<String>> rows = new ArrayList<>();
      try (ResultSet result = statement.executeQuery()) {
        int columns = result.getMetaData().getColumnCount();
        while (result.next()) {
          List<String> row = new ArrayList<>();
          for (int i = 1; i <= columns; i++) row.add(result.getString(i));
          rows.add(row);
        }
      }
      return rows;
    }
  }

  static int change(String text, Object... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(text)) {
      for (int i = 0; i < values.length; i++) statement.setObject(i + 1, values[i]);
      return statement.executeUpdate();
    }
  }

  public static void main(String[] args) throws Exception {
    URI url = URI.create(args[0]);
    String[] person = url.getUserInfo().split(":");
    // Server-side statements and binary transfer from the first execution on.
    for (String mode : List.of("prepareThreshold=5", "prepareThreshold=-1", "preferQueryMode=simple")) {
      String address = "jdbc:postgresql://" + url.getHost() + ":" + url.getPort() + url.getPath() + "?" + mode;
      connection = DriverManager.getConnection(address, person[0], person[1]);
      work(mode);
      connection.close();
    }
  }

  static void work(String mode) throws Exception {
    say("mode", mode);
    for (int i = 0; i < 7; i++) {
      List<List<String>> rows = ask("SELECT c.id, n.topic FROM customers c JOIN newsletter n ON n.email = c.email ORDER BY c.id");
      if (i % 6 == 0) say("join", rows);
      List<List<String>> found = ask("SELECT id, city FROM customers WHERE email = ?", "ada" + (i + 1) + "@secret.example");
      say("lookup", found);
    }
    Array emails = connection.createArrayOf("text", new String[] {"ada3@secret.example", "ada9@secret.example"});
    say("many", ask("SELECT id FROM customers WHERE email = ANY (?) ORDER BY id", emails));
    List<Integer> counts = new ArrayList<>();
    for (List<String> row : ask("SELECT email, count(*) FROM visits GROUP BY email")) counts.add(Integer.valueOf(row.get(1)));
    Collections.sort(counts);
    say("groups", counts);

    connection.setAutoCommit(false);
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO customers (id, name, email, city) VALUES (?, ?, ?, ?)")) {
      for (int i = 0; i < 20; i++) {
        insert.setInt(1, 8000 + i);
        insert.setString(2, "Java Program");
        insert.setString(3, "java" + i + "@suite.example");
        insert.setString(4, "Ulm");
        insert.addBatch();
      }
      say("batch", Arrays.stream(insert.executeBatch()).sum());
    }
    List<List<String>> mine = ask("SELECT id, email, city FROM customers WHERE email = ?", "java4@suite.example");
    check(mine.size() == 1 && mine.get(0).get(0).equals("8004") && mine.get(0).get(2).equals("Ulm"), "reads back its own row");
    check(change("UPDATE customers SET city = 'Bonn' WHERE email = ?", "java4@suite.example") == 1, "changes its own row");
    check(ask("SELECT 1 FROM customers WHERE email = ? AND city = ?", "java4@suite.example", "Bonn").size() == 1, "sees the change");
    Savepoint point = connection.setSavepoint();
    try {
      change("INSERT INTO customers (id, name, email) VALUES (8100, 'x', ?)", "java4@suite.example");
      say("duplicate", "no error");
    } catch (SQLException error) {
      say("duplicate", error.getSQLState());
    }
    connection.rollback(point);
    try (PreparedStatement keys = connection.prepareStatement("INSERT INTO visits (email, page) VALUES (?, 1)", new String[] {"page"})) {
      keys.setString(1, "java4@suite.example");
      keys.executeUpdate();
      ResultSet generated = keys.getGeneratedKeys();
      generated.next();
      say("keys", generated.getInt(1));
    }
    try (PreparedStatement cursor = connection.prepareStatement("SELECT id, email FROM customers WHERE id >= 8000 ORDER BY id")) {
      cursor.setFetchSize(3);
      ResultSet result = cursor.executeQuery();
      List<Integer> ids = new ArrayList<>();
      while (result.next()) ids.add(result.getInt(1));
      say("fetched", ids);
    }
    connection.commit();
    connection.setAutoCommit(true);
    say("own", ask("SELECT count(*), count(DISTINCT c.email) FROM visits v JOIN customers c USING (email) WHERE c.id >= 8000"));
    say("gone", change("DELETE FROM visits WHERE email = ?", "java4@suite.example"));
    say("cleaned", change("DELETE FROM customers WHERE id >= 8000"));
    say("shown", ask("SELECT email FROM customers ORDER BY id LIMIT 1").get(0).get(0));
  }
}
