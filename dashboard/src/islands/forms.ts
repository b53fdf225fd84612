/** Forms: filters are submitted on change; the button of a dangerous action is enabled by typing the name. */
export function bindForms(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>("form[data-filters]")) {
    form.addEventListener("change", (event) => {
      if (!(event.target instanceof HTMLSelectElement)) return;
      // A range chosen from the list ends a chosen period.
      if (event.target.name === "range")
        form.querySelectorAll("[name=from], [name=to]").forEach((one) => one.remove());
      form.requestSubmit();
    });
    // Empty parameters are left out, so that the URL stays short.
    form.addEventListener("formdata", (event) => {
      for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
    });
  }
  for (const input of document.querySelectorAll<HTMLInputElement>("input[data-confirm]")) {
    const button = input.form?.querySelector<HTMLButtonElement>("button[type=submit]");
    if (!button) continue;
    const compare = () => {
      button.disabled = input.value.trim() !== (input.dataset.confirm ?? "").trim();
    };
    input.addEventListener("input", compare);
    compare();
  }
  for (const field of document.querySelectorAll<HTMLInputElement>("[data-credential] input[name=api_key]")) {
    field.addEventListener("input", () => {
      const option = field.form?.querySelector<HTMLInputElement>("input[name=credential][value=api_key]");
      if (option && field.value !== "") option.checked = true;
    });
  }
}
