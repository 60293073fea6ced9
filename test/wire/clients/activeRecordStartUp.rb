# What ActiveRecord reads of a database: `activeRecordStartUp.rb URL`, one line or part per result.
require "active_record"
require "active_support/all"
require "json"
require "pg"

Time.zone_default = nil
ActiveRecord::Base.establish_connection(ARGV[0].sub("postgres:", "postgresql:") + "?prepared_statements=#{ARGV[1]}")
connection = ActiveRecord::Base.connection

def say(name, value)
  puts "#{name} #{value.to_json}"
end

say "version", connection.database_version
say "database", [connection.current_database, connection.encoding, connection.collation, connection.ctype]
say "schemas", connection.schema_names
say "path", [connection.schema_search_path, connection.current_schema]
say "extensions", [connection.extensions, connection.extension_enabled?("plpgsql")]
say "enums", connection.respond_to?(:enum_types) ? connection.enum_types : nil
say "tables", connection.tables.sort
say "views", connection.views.sort
say "sources", connection.data_sources.sort
(connection.tables + connection.views).sort.each do |table|
  say table, connection.columns(table).map { |column| [column.name, column.sql_type, column.null, column.default, column.default_function, column.comment] }
  say table, connection.primary_keys(table)
  say table, connection.pk_and_sequence_for(table)
  say table, connection.indexes(table).map(&:to_h) rescue say(table, connection.indexes(table).map { |index| [index.name, index.unique, index.columns, index.where, index.using, index.comment] })
  say table, connection.foreign_keys(table).map { |key| [key.from_table, key.to_table, key.options] }
  say table, connection.check_constraints(table).map { |check| [check.name, check.expression] }
  say table, connection.table_comment(table)
  say table, connection.inherited_table_names(table) if connection.respond_to?(:inherited_table_names)
end
say "exists", [connection.table_exists?("orders"), connection.view_exists?("calm"), connection.index_exists?("orders", :customer_id),
               connection.column_exists?("orders", :status)]
ActiveRecord::SchemaDumper.dump(connection, $stdout)

class Customer < ActiveRecord::Base
  has_many :orders
end

class Order < ActiveRecord::Base
  belongs_to :customer
end

say "orders", Order.where(status: "paid").order(:id).limit(3).pluck(:id, :total)
say "joined", Order.joins(:customer).where(customers: { country: "FR" }).count
say "included", Order.includes(:customer).order(:id).limit(3).map { |order| order.customer.country }
say "sums", Order.group(:status).order(:status).sum(:total)
say "exists", Order.exists?(status: "paid")
say "batches", Order.in_batches(of: 5000).map(&:count) if ARGV[1] == "true"
say "explained", Order.where(id: 1).explain.include?("orders")
Order.transaction(isolation: :repeatable_read) { say "locked", Order.lock("FOR UPDATE SKIP LOCKED").find(1).id }
say "pending", ActiveRecord::Base.connection.migration_context.needs_migration? if ARGV[1] == "true"
