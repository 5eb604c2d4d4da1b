#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tools/chairctl/base/session.h"
#include "tools/chairctl/commands/commands.h"
#include "tools/chairctl/text/feedback_output.h"

namespace emptychair {
namespace {

struct UpsertFlags {
  std::string id;
  std::vector<std::string> attributes;
};

// Attributes in order of their keys.
int PrintCustomer(const Session& session, const v1::Customer& customer) {
  const std::map<std::string, std::string> attributes(customer.attributes().begin(),
                                                      customer.attributes().end());
  if (session.format == OutputFormat::kCsv) {
    CsvWriter csv = session.csv();
    csv.Write({"customer_id", "attribute", "value"});
    for (const auto& [key, value] : attributes) {
      csv.Write({customer.customer_id(), key, value});
    }
    return kExitOk;
  }
  TextFields fields = {{"customer", customer.customer_id()}};
  for (const auto& [key, value] : attributes) {
    fields.emplace_back(key, value);
  }
  PrintRecord(session, fields, customer);
  return kExitOk;
}

template <typename Response>
int PrintResult(const Session& session, const absl::StatusOr<Response>& response) {
  return response.ok() ? PrintCustomer(session, response->customer())
                       : ServiceError(session.environment, response.status());
}

int Upsert(Session& session, const UpsertFlags& flags) {
  const auto attributes = ParseLabels("--attribute", flags.attributes);
  if (!attributes.ok()) {
    return UsageError(session.environment, attributes.status().message());
  }
  v1::UpsertCustomerRequest request;
  request.mutable_customer()->set_customer_id(flags.id);
  request.mutable_customer()->mutable_attributes()->insert(attributes->begin(), attributes->end());
  return PrintResult(session, session.client.UpsertCustomer(request));
}

int Get(Session& session, const std::string& id) {
  v1::GetCustomerRequest request;
  request.set_customer_id(id);
  return PrintResult(session, session.client.GetCustomer(request));
}

}  // namespace

void AddCustomerCommands(CommandLine app, Command* command) {
  CommandLine group = app.AddCommand("customer", "Keep and look up customers");
  group.RequireCommand();
  group.Footer("Example:\n  chairctl customer get c-17");

  CommandLine upsert = group.AddCommand("upsert", "Give a customer attributes");
  auto flags = std::make_shared<UpsertFlags>();
  upsert.Add("ID", flags->id, "The customer; one that is not known yet becomes one").Required();
  upsert
      .Add("--attribute", flags->attributes,
           "KEY=VALUE; KEY= takes one away; can be repeated, others stay")
      .OneValueEach();
  upsert.Footer(
      "An attribute whose key is a dimension of a survey becomes the label of each answer of the\n"
      "customer from then on that lacks it.\n"
      "Example:\n  chairctl customer upsert c-17 --attribute plan=gold --attribute region=");
  upsert.OnChosen([flags, command] {
    *command = [flags](Session& session) { return Upsert(session, *flags); };
  });

  CommandLine get = group.AddCommand("get", "Show a customer");
  auto id = std::make_shared<std::string>();
  get.Add("ID", *id, "The customer").Required();
  get.Footer("Example:\n  chairctl customer get c-17 --output json");
  get.OnChosen([id, command] { *command = [id](Session& session) { return Get(session, *id); }; });
}

}  // namespace emptychair
