-- Correction 补正 in the shop's favour: brought into the meter as a purchase that corrections fund, so that nobody is cut off for it.
-- Re-runnable.
ALTER TABLE purchase
  MODIFY origin ENUM('payment','wrong_shop','returned','suspense','correction') NOT NULL DEFAULT 'payment';
