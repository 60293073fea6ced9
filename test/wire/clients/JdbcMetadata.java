// What pgjdbc asks the catalogs: `JdbcMetadata.java URL [extended|simple|extendedCacheEverything]`, one line per result.
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.net.URI;
import java.sql.*;
import java.util.*;
import org.postgresql.PGStatement;

public class JdbcMetadata {
  static void say(String name, Object value) {
    System.out.println(name + " " + value);
  }

  static void rows(String name, ResultSet result) throws SQLException {
    int width = result.getMetaData().getColumnCount();
    int count = 0;
    while (result.next()) {
      List<String> row = new ArrayList<>();
      for (int i = 1; i <= width; i++) row.add(result.getString(i));
      say(name, row);
      count++;
    }
    result.close();
    say(name, count + " rows");
  }

  static void metadata(DatabaseMetaData data) throws SQLException {
    say("server", data.getDatabaseMajorVersion() + " " + data.getMaxConnections());
    say("limits", data.getMaxColumnNameLength() + " " + data.getMaxIndexLength() + " " + data.getDefaultTransactionIsolation());
    say("keywords", data.getSQLKeywords());
    say("functions", data.getStringFunctions() + " " + data.getTimeDateFunctions());
    rows("catalogs", data.getCatalogs());
    rows("schemas", data.getSchemas());
    rows("schemas like", data.getSchemas(null, "dep%"));
    rows("table types", data.getTableTypes());
    rows("types", data.getTypeInfo());
    rows("tables", data.getTables(null, null, "%", null));
    rows("tables of a kind", data.getTables("demo", "public", "%", new String[] {"TABLE", "VIEW", "MATERIALIZED VIEW", "PARTITIONED TABLE"}));
    rows("columns", data.getColumns(null, "public", "%", "%"));
    rows("columns", data.getColumns(null, "depot", "%", null));
    rows("procedures", data.getProcedures(null, "depot", "%"));
    rows("procedure columns", data.getProcedureColumns(null, "depot", "%", "%"));
    rows("functions", data.getFunctions(null, "depot", "%"));
    rows("function columns", data.getFunctionColumns(null, "depot", "%", "%"));
    rows("user types", data.getUDTs(null, "depot", "%", null));
    rows("client info", data.getClientInfoProperties());
    for (String table : new String[] {"customers", "orders", "order_items"}) {
      rows(table + " key", data.getPrimaryKeys(null, "public", table));
      rows(table + " unique key", data.getBestRowIdentifier(null, "public", table, DatabaseMetaData.bestRowSession, true));
      rows(table + " imported", data.getImportedKeys(null, "public", table));
      rows(table + " exported", data.getExportedKeys(null, "public", table));
      rows(table + " indexes", data.getIndexInfo(null, "public", table, false, false));
      rows(table + " unique indexes", data.getIndexInfo(null, "public", table, true, true));
      rows(table + " privileges", data.getTablePrivileges(null, "public", table));
      rows(table + " column privileges", data.getColumnPrivileges(null, "public", table, "%"));
      rows(table + " versions", data.getVersionColumns(null, "public", table));
    }
    rows("cross", data.getCrossReference(null, "public", "customers", null, "public", "orders"));
    rows("shelves indexes", data.getIndexInfo(null, "depot", "shelves", false, true));
  }

  static Connection connection;

  static void describe(String text) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(text)) {
      ResultSetMetaData data = statement.getMetaData();
      for (int i = 1; i <= data.getColumnCount(); i++)
        say("column", Arrays.asList(data.getColumnName(i), data.getColumnTypeName(i), data.getColumnClassName(i), data.getPrecision(i),
            data.getScale(i), data.isNullable(i), data.isAutoIncrement(i), data.getTableName(i), data.getSchemaName(i)));
      ParameterMetaData parameters = statement.getParameterMetaData();
      for (int i = 1; i <= parameters.getParameterCount(); i++) say("parameter", parameters.getParameterTypeName(i));
    }
  }

  static void session(boolean isSimple) throws SQLException {
    say("valid", connection.isValid(5));
    say("schema", connection.getSchema() + " " + connection.getCatalog());
    connection.setSchema("depot");
    say("schema", connection.getSchema());
    connection.setSchema("public");
    connection.setClientInfo("ApplicationName", "a tool of ours");
    say("application", connection.getClientInfo("ApplicationName"));
    connection.setReadOnly(true);
    for (int level : new int[] {Connection.TRANSACTION_SERIALIZABLE, Connection.TRANSACTION_REPEATABLE_READ, Connection.TRANSACTION_READ_COMMITTED}) {
      connection.setTransactionIsolation(level);
      say("isolation", connection.getTransactionIsolation() == level);
    }
    connection.setAutoCommit(false);
    connection.setHoldability(ResultSet.CLOSE_CURSORS_AT_COMMIT);
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(100);
      ResultSet result = statement.executeQuery("SELECT id, status FROM orders ORDER BY id");
      int count = 0;
      while (result.next()) count++;
      say("in portions", count);
    }
    Savepoint savepoint = connection.setSavepoint();
    connection.rollback(savepoint);
    connection.releaseSavepoint(connection.setSavepoint("there"));
    connection.commit();
    connection.setAutoCommit(true);
    connection.setReadOnly(false);
    // From the fifth time on it is prepared on the server, and answered in binary.
    try (PreparedStatement statement = connection.prepareStatement("SELECT id, total, created_at, currency FROM orders WHERE id = ?")) {
      for (int i = 1; i <= 8; i++) {
        statement.setInt(1, i);
        rows("order", statement.executeQuery());
      }
      say("on the server", statement.unwrap(PGStatement.class).isUseServerPrepare());
    }
    try (PreparedStatement statement = connection.prepareStatement("SELECT mood, place, parts, filled, during FROM depot.shelves WHERE mood = ?::depot.mood AND label = ANY (?)")) {
      statement.setString(1, "calm");
      statement.setArray(2, connection.createArrayOf("text", new String[] {"shelf 1", "shelf 2"}));
      rows("own types", statement.executeQuery());
    }
    try (Statement statement = connection.createStatement(ResultSet.TYPE_SCROLL_INSENSITIVE, ResultSet.CONCUR_UPDATABLE)) {
      ResultSet result = statement.executeQuery("SELECT id, label FROM depot.shelves ORDER BY id");
      say("last", result.last() + " " + result.getInt(1) + " " + (result.getConcurrency() == ResultSet.CONCUR_UPDATABLE));
    }
    try (Statement statement = connection.createStatement()) {
      statement.setMaxRows(3);
      statement.setQueryTimeout(30);
      rows("at most three", statement.executeQuery("SELECT id FROM orders WHERE id < 9 ORDER BY id"));
    }
    if (isSimple) return; // there the driver can neither call nor describe
    try (CallableStatement statement = connection.prepareCall("{? = call depot.area(?, ?)}")) {
      statement.registerOutParameter(1, Types.NUMERIC);
      statement.setBigDecimal(2, new java.math.BigDecimal("2"));
      statement.setBigDecimal(3, new java.math.BigDecimal("3"));
      statement.execute();
      say("called", statement.getBigDecimal(1));
    }
    describe("SELECT id, total, status FROM orders WHERE created_at > ? AND total < ?");
    describe("SELECT * FROM depot.shelves WHERE mood = ?");
  }

  public static void main(String[] arguments) throws Exception {
    System.setOut(new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8"));
    URI url = new URI(arguments[0]);
    String[] account = url.getUserInfo().split(":");
    Properties properties = new Properties();
    properties.setProperty("user", account[0]);
    properties.setProperty("password", account[1]);
    properties.setProperty("ApplicationName", "metadata");
    properties.setProperty("preferQueryMode", arguments[1]);
    String address = "jdbc:postgresql://" + url.getHost() + ":" + url.getPort() + url.getPath();
    try (Connection opened = DriverManager.getConnection(address, properties)) {
      connection = opened;
      metadata(connection.getMetaData());
      session(arguments[1].equals("simple"));
    }
  }
}
